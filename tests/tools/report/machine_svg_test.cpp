// The picture of a machine: every part is in it, once, inside of what it belongs to.
#include "tools/report/machine_svg.hpp"

#include <cstddef>
#include <string>
#include <string_view>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "models/machine/regular.hpp"

namespace timeslice::tools {
namespace {

using testing::HasSubstr;

std::size_t times(const std::string& text, std::string_view part) {
  std::size_t count = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) {
    ++count;
  }
  return count;
}

models::MachineSpec machine(std::uint32_t packages, std::uint32_t cores) {
  models::RegularMachine regular;
  regular.packages = packages;
  regular.core_kinds = {{.count = cores, .smt = 2}};
  regular.caches = {{.level = 1, .size = models::Bytes{32 << 10}},
                    {.level = 3,
                     .type = models::CacheSpec::Type::unified,
                     .size = models::Bytes{8 << 20},
                     .sharing = models::CacheSharing::cores,
                     .cores = 2}};
  models::MachineSpec built = models::build_regular(regular).value();
  built.name = "a <b> & \"c\"";
  built.memory_remote = std::chrono::nanoseconds{131};
  return built;
}

TEST(MachineSvg, shows_every_part_and_who_shares_what) {
  const std::string svg = machine_svg(machine(2, 4));
  EXPECT_EQ(times(svg, "<title>core "), 8U);
  EXPECT_EQ(times(svg, "<title>CPU "), 16U);
  EXPECT_EQ(times(svg, "L3 8 MiB, shared by 2 cores"), 4U);
  EXPECT_EQ(times(svg, ">memory node "), 2U);
  EXPECT_EQ(times(svg, "between packages"), 1U);
  EXPECT_THAT(svg, HasSubstr("memory of another package after 131 ns"));
}

TEST(MachineSvg, names_cannot_break_it) {
  const std::string svg = machine_svg(machine(1, 2));
  EXPECT_THAT(svg, HasSubstr("a &lt;b&gt; &amp; &quot;c&quot;: 1 package, 2 cores, 4 CPUs"));
  EXPECT_EQ(times(svg, "between packages"), 0U);
  EXPECT_EQ(times(svg, "<rect"), times(svg, "</rect>"));
}

TEST(MachineSvg, many_cores_are_drawn_small) {
  const std::string svg = machine_svg(machine(2, 96));
  EXPECT_EQ(times(svg, "<title>CPU "), 384U);
  EXPECT_EQ(times(svg, ">core 0</text>"), 0U);
}

}  // namespace
}  // namespace timeslice::tools

#include "validation/holdout/holdout.hpp"

#include <algorithm>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <variant>

#include <fmt/format.h>

#include "scenarios/format/load.hpp"
#include "sim/expect.hpp"
#include "validation/holdout/grammar.hpp"
#include "validation/native/support.hpp"
#include "validation/predict.hpp"

namespace timeslice::validation {

namespace {

constexpr double nominal_least_us = 50'000.0;
constexpr double nominal_most_us = 500'000.0;
constexpr std::uint32_t attempts_most = 10'000;  // of one scenario: then the grammar is wrong

/// Why the file is no good; nothing: it is. Of the machine only its CPUs matter, so it is read with
/// one that costs no look at this host.
std::optional<std::string> fault_in_file(Design design, const HoldoutOptions& options) {
  design.machine = fmt::format("ideal-{}", options.cpus);
  const auto loaded = scenarios::load_text(to_yaml(design, "drawn", {}), "drawn", ".", {}, {});
  const auto* plan = std::get_if<scenarios::Plan>(&loaded);
  if (plan == nullptr) {
    return scenarios::to_text(std::get<scenarios::Diagnostics>(loaded));
  }
  for (std::uint64_t ordinal = 0; ordinal < plan->size(); ++ordinal) {
    const auto resolved = plan->point(ordinal);
    const auto* point = std::get_if<scenarios::Point>(&resolved);
    if (point == nullptr) {
      return scenarios::to_text(std::get<scenarios::Diagnostics>(resolved));
    }
    NativeBounds bounds;
    bounds.cpus = options.cpus;
    if (const auto found = native_obstacle(point->scenario.world, bounds)) {
      return found->what;
    }
    const std::string group = group_of(point->scenario.world);
    if (!options.pairs && group != design.group) {
      return fmt::format("meant for {}, is {}", design.group, group);
    }
  }
  return std::nullopt;
}

/// The same before the file is read: most of what is drawn again falls here.
std::optional<std::string> fault(const Design& design, const HoldoutOptions& options) {
  const double nominal = nominal_us(design, options.cpus);
  if (nominal < nominal_least_us || nominal > nominal_most_us) {
    return "nominal makespan outside 50 to 500 ms";
  }
  return options.pairs && design.other.empty() ? std::optional<std::string>{"no second design"}
                                               : std::nullopt;
}

class Drawer {
 public:
  explicit Drawer(const HoldoutOptions& options) : options_{options} {}

  Holdout draw() {
    const auto groups = options_.pairs ? pair_questions() : holdout_classes();
    Dice first{options_.seed, 0xFFFF'FFFFU, 0};
    const std::uint64_t offset = first.whole(0, groups.size() - 1);
    for (std::uint32_t number = 0; number < options_.count; ++number) {
      result_.scenarios.push_back(draw(number, groups[(number + offset) % groups.size()]));
    }
    return std::move(result_);
  }

 private:
  DrawnScenario draw(std::uint32_t number, std::string_view group) {
    for (std::uint32_t attempt = 0; attempt < attempts_most; ++attempt) {
      Dice dice{options_.seed, number, attempt};
      Design design = options_.pairs ? draw_pair(group, options_.cpus, dice)
                                     : draw_design(group, options_.cpus, dice);
      design.seed = number + 1;
      auto wrong = fault(design, options_);
      if (!wrong) {
        wrong = fault_in_file(design, options_);
      }
      if (!wrong) {
        return written(design, number);
      }
      note(*wrong);
    }
    sim::fail_expectation("the grammar draws something valid of each class",
                          std::source_location::current());
  }

  [[nodiscard]] DrawnScenario written(const Design& design, std::uint32_t number) const {
    DrawnScenario drawn;
    const char* mode = options_.pairs ? "pairs" : "holdout";
    drawn.name = fmt::format("{}-{}-{:03}", mode, options_.seed, number);
    const std::string plain = design.group == "c++" ? "cpp" : design.group;
    drawn.file = fmt::format("{:03}-{}.yaml", number, plain);
    drawn.group = design.group;
    drawn.about = describe(design);
    drawn.yaml =
        to_yaml(design, drawn.name,
                fmt::format("x-class: {}\nx-drawn: {{grammar: {}, seed: {}, number: {}, "
                            "cpus: {}}}\n",
                            design.group, grammar_version, options_.seed, number, options_.cpus));
    return drawn;
  }

  void note(const std::string& reason) {
    ++result_.drawn_again;
    if (std::ranges::find(result_.reasons, reason) == result_.reasons.end()) {
      result_.reasons.push_back(reason);
    }
  }

  HoldoutOptions options_;
  Holdout result_;
};

}  // namespace

Holdout draw_holdout(const HoldoutOptions& options) {
  sim::expect(options.cpus > 0, "a host has a CPU");
  return Drawer{options}.draw();
}

}  // namespace timeslice::validation

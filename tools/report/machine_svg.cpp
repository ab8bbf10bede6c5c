#include "tools/report/machine_svg.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <map>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "tools/report/humanize.hpp"

namespace timeslice::tools {
namespace {

constexpr double gap = 6.0;
constexpr double line_height = 15.0;
constexpr double letter_width = 6.3;     // of the 11 px sans-serif font, a little generous
constexpr std::size_t words_up_to = 64;  // cores; more are drawn small

struct BoxLook {
  std::string_view fill;
  std::string_view stroke;
};
constexpr BoxLook package_look{"#f4f4f6", "#8a8a96"};
constexpr BoxLook node_look{"#ffffff", "#c0a878"};
constexpr BoxLook cache_look{"#e9f0fa", "#7d9cc8"};
constexpr BoxLook memory_look{"#f6ead2", "#c0a878"};
constexpr BoxLook own_cache_look{"#d7e5f7", "#7d9cc8"};
constexpr BoxLook link_look{"#ececec", "#8a8a96"};
constexpr std::array<BoxLook, 4> kind_looks{{{"#b9d3f3", "#3b6ea8"},
                                             {"#c4e3c0", "#4d8a47"},
                                             {"#efd0c0", "#a5603c"},
                                             {"#ddc9ec", "#7b529c"}}};

/// A box with a title, what is inside in a grid, and a foot.
struct Box {
  std::string title;
  std::string tip;
  BoxLook look;
  std::vector<Box> inside;
  std::vector<Box> foot;  // one under the other, as wide as the box
  double wish = 0.0;      // columns to height of the grid: wider than high from 1 up
  double x = 0.0;         // in the box around it
  double y = 0.0;
  double width = 0.0;
  double height = 0.0;
};

double text_width(const std::string& text) {
  return letter_width * static_cast<double>(text.size());
}

/// Columns that make the grid about `wish` times as wide as high, and no narrower than its title;
/// rows of equal length where that needs no further row.
std::size_t columns_of(const Box& box) {
  const auto count = static_cast<double>(box.inside.size());
  const double shape = box.inside.front().height / box.inside.front().width;
  const double exact = std::sqrt(count * box.wish * shape);
  const double fit = (text_width(box.title) + gap) / (box.inside.front().width + gap);
  const auto columns = static_cast<std::size_t>(std::max({1.0, exact + 0.5, fit}));
  const std::size_t rows = (box.inside.size() + columns - 1) / columns;
  return (box.inside.size() + rows - 1) / rows;
}

void place(Box& box);

/// Puts the boxes inside into rows; returns the width and height that they take.
std::pair<double, double> place_grid(Box& box, double top) {
  if (box.inside.empty()) {
    return {0.0, 0.0};
  }
  for (Box& each : box.inside) {
    place(each);
  }
  const std::size_t columns = columns_of(box);
  double x = gap;
  double y = top;
  double row = 0.0;
  double widest = 0.0;
  for (std::size_t i = 0; i < box.inside.size(); ++i) {
    if (i > 0 && i % columns == 0) {
      x = gap;
      y += row + gap;
      row = 0.0;
    }
    Box& each = box.inside[i];
    each.x = x;
    each.y = y;
    x += each.width + gap;
    row = std::max(row, each.height);
    widest = std::max(widest, x - gap);
  }
  return {widest - gap, y + row - top};
}

/// Gives the box its size, and what is in it its place.
void place(Box& box) {
  const double top = box.title.empty() ? gap : line_height + gap;
  auto [width, height] = place_grid(box, top);
  width = std::max(width, text_width(box.title));
  for (Box& each : box.foot) {
    place(each);
    width = std::max(width, each.width);
  }
  double y = top + height + (box.inside.empty() || box.foot.empty() ? 0.0 : gap);
  for (Box& each : box.foot) {
    each.x = gap;
    each.y = y;
    each.width = width;
    y += each.height + gap;
  }
  box.width = std::max(box.width, width + 2.0 * gap);
  const bool bare = box.inside.empty() && box.foot.empty();
  box.height = std::max(box.height, bare ? (box.title.empty() ? 0.0 : line_height + 2.0)
                                         : y + (box.foot.empty() ? gap : 0.0));
}

std::string xml_escaped(std::string_view text) {
  std::string out;
  for (const char letter : text) {
    switch (letter) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out += static_cast<unsigned char>(letter) < 0x20 ? ' ' : letter;
    }
  }
  return out;
}

void draw(const Box& box, double left, double top, std::string& svg) {
  const double x = left + box.x;
  const double y = top + box.y;
  svg += fmt::format(
      R"(<rect x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}" rx="3" fill="{}" stroke="{}">)",
      x, y, box.width, box.height, box.look.fill, box.look.stroke);
  svg += box.tip.empty() ? "</rect>\n"
                         : fmt::format("<title>{}</title></rect>\n", xml_escaped(box.tip));
  if (!box.title.empty()) {
    svg += fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\">{}</text>\n", x + gap,
                       y + line_height - 3.0, xml_escaped(box.title));
  }
  for (const std::vector<Box>* boxes : {&box.inside, &box.foot}) {
    for (const Box& each : *boxes) {
      draw(each, x, y, svg);
    }
  }
}

std::string rate_text(models::BytesPerSecond rate) {
  return fmt::format("{:.3g} GB/s", rate.per_second * 1e-9);
}

std::string counted(std::size_t count, std::string_view noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

class Picture {
 public:
  explicit Picture(const models::MachineSpec& machine) : machine_{machine} {
    cpus_.resize(machine.cores.size());
    for (const models::CpuSpec& cpu : machine.cpus) {
      cpus_[models::index_of(cpu.core)].push_back(cpu.os_index);
    }
    wordy_ = machine.cores.size() <= words_up_to;
    llc_outside_ = llc_spans_nodes();
  }

  [[nodiscard]] std::string svg() const {
    Box all;
    all.look = {"#ffffff", "none"};
    all.title =
        fmt::format("{}: {}, {}, {}, {}", machine_.name, counted(machine_.packages, "package"),
                    counted(machine_.cores.size(), "core"), counted(machine_.cpus.size(), "CPU"),
                    counted(machine_.nodes.size(), "memory node"));
    all.wish = 1.6;
    for (std::uint32_t package = 0; package < machine_.packages; ++package) {
      if (Box box = package_box(package); !box.inside.empty()) {
        all.inside.push_back(std::move(box));
      }
    }
    if (all.inside.size() > 1) {
      all.foot.push_back(
          {.title = link_text(), .tip = {}, .look = link_look, .inside = {}, .foot = {}});
    }
    all.foot.push_back(
        {.title = legend(), .tip = {}, .look = {"none", "none"}, .inside = {}, .foot = {}});
    place(all);
    std::string out = fmt::format(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0:.0f}\" height=\"{1:.0f}\" "
        "viewBox=\"0 0 {0:.0f} {1:.0f}\" font-family=\"sans-serif\" font-size=\"11\">\n",
        all.width, all.height);
    draw(all, 0.0, 0.0, out);
    return out + "</svg>\n";
  }

 private:
  using Cores = std::vector<std::uint32_t>;

  [[nodiscard]] bool llc_spans_nodes() const {
    std::map<std::uint32_t, std::uint32_t> node_of;
    return std::ranges::any_of(machine_.cores, [&](const models::CoreSpec& core) {
      return node_of.try_emplace(core.llc, core.node).first->second != core.node;
    });
  }

  /// `cores` by the number that `of` names, ascending.
  [[nodiscard]] std::map<std::uint32_t, Cores> split(const Cores& cores,
                                                     std::uint32_t models::CoreSpec::* of) const {
    std::map<std::uint32_t, Cores> parts;
    for (const std::uint32_t core : cores) {
      parts[machine_.cores[core].*of].push_back(core);
    }
    return parts;
  }

  [[nodiscard]] Box package_box(std::uint32_t package) const {
    Box box;
    box.title = fmt::format("package {}", package);
    box.look = package_look;
    box.wish = 1.3;
    Cores cores;
    for (std::uint32_t core = 0; core < machine_.cores.size(); ++core) {
      if (machine_.cores[core].package == package) {
        cores.push_back(core);
      }
    }
    const auto outer = llc_outside_ ? &models::CoreSpec::llc : &models::CoreSpec::node;
    for (const auto& [number, part] : split(cores, outer)) {
      box.inside.push_back(llc_outside_ ? llc_box(number, part) : node_box(number, part));
    }
    return box;
  }

  [[nodiscard]] Box node_box(std::uint32_t node, const Cores& cores) const {
    Box box;
    box.look = node_look;
    box.wish = 1.5;
    if (llc_outside_) {
      add_cores(box, cores);
    } else {
      for (const auto& [llc, part] : split(cores, &models::CoreSpec::llc)) {
        box.inside.push_back(llc_box(llc, part));
      }
    }
    box.foot.push_back(
        {.title = memory_text(node), .tip = {}, .look = memory_look, .inside = {}, .foot = {}});
    return box;
  }

  [[nodiscard]] Box llc_box(std::uint32_t /*llc*/, const Cores& cores) const {
    Box box;
    box.look = cache_look;
    box.title = llc_text(cores);
    box.wish = 1.6;
    if (!llc_outside_) {
      add_cores(box, cores);
      return box;
    }
    for (const auto& [node, part] : split(cores, &models::CoreSpec::node)) {
      box.inside.push_back(node_box(node, part));
    }
    return box;
  }

  void add_cores(Box& box, const Cores& cores) const {
    for (const std::uint32_t core : cores) {
      box.inside.push_back(core_box(core));
    }
  }

  [[nodiscard]] Box core_box(std::uint32_t core) const {
    const std::uint32_t kind = machine_.cores[core].kind;
    Box box;
    box.look = kind_looks[kind % kind_looks.size()];
    box.tip = fmt::format("core {}", core);
    if (machine_.core_kinds.size() > 1 && kind < machine_.core_kinds.size()) {
      box.tip += fmt::format(" ({})", machine_.core_kinds[kind].name);
    }
    box.title = wordy_ ? box.tip : "";
    box.wish = 8.0;
    for (const std::uint32_t cpu : cpus_[core]) {
      Box thread;
      thread.look = {"#ffffff", box.look.stroke};
      thread.tip = fmt::format("CPU {}", cpu);
      thread.title = wordy_ ? fmt::format("{}", cpu) : "";
      thread.width = wordy_ ? 0.0 : 7.0;
      thread.height = wordy_ ? 0.0 : 7.0;
      thread.wish = 1.0;
      box.inside.push_back(std::move(thread));
    }
    if (wordy_) {
      for (const std::string& text : own_caches(core)) {
        box.foot.push_back(
            {.title = text, .tip = {}, .look = own_cache_look, .inside = {}, .foot = {}});
      }
    }
    return box;
  }

  [[nodiscard]] static std::string cache_name(const models::CacheSpec& cache) {
    using Type = models::CacheSpec::Type;
    const std::string_view type = cache.type == Type::data          ? "d"
                                  : cache.type == Type::instruction ? "i"
                                                                    : "";
    return fmt::format("L{}{}", cache.level, type);
  }

  [[nodiscard]] std::uint32_t top_level() const {
    std::uint32_t top = 0;
    for (const models::CacheSpec& cache : machine_.caches) {
      top = std::max(top, cache.level);
    }
    return top;
  }

  /// The caches below the last level, with how many cores share one where it is more than one.
  [[nodiscard]] std::vector<std::string> own_caches(std::uint32_t core) const {
    std::vector<std::string> texts;
    for (const models::CacheSpec& cache : machine_.caches) {
      if (cache.level == top_level() ||
          std::ranges::find(cache.cores, models::CoreId{core}) == cache.cores.end()) {
        continue;
      }
      texts.push_back(fmt::format("{} {}", cache_name(cache),
                                  human_bytes(static_cast<double>(cache.size.count))));
      if (cache.cores.size() > 1) {
        texts.back() += fmt::format(" /{}", cache.cores.size());
      }
    }
    return texts;
  }

  [[nodiscard]] std::string llc_text(const Cores& cores) const {
    const std::string who =
        cores.size() == 1 ? "of one core" : fmt::format("shared by {} cores", cores.size());
    for (const models::CacheSpec& cache : machine_.caches) {
      const models::CoreId first{cores.front()};
      if (cache.level == top_level() && cache.type != models::CacheSpec::Type::instruction &&
          std::ranges::find(cache.cores, first) != cache.cores.end()) {
        return fmt::format("{} {}, {}", cache_name(cache),
                           human_bytes(static_cast<double>(cache.size.count)), who);
      }
    }
    return "cache not known, " + who;
  }

  [[nodiscard]] std::string memory_text(std::uint32_t node) const {
    std::string text = fmt::format("memory node {}", node);
    if (node < machine_.nodes.size() && machine_.nodes[node].memory.count > 0) {
      text += ": " + human_bytes(static_cast<double>(machine_.nodes[node].memory.count));
    }
    if (machine_.memory_bandwidth_node.per_second > 0.0) {
      text += ", " + rate_text(machine_.memory_bandwidth_node);
    }
    if (machine_.memory_local > sim::Duration::zero()) {
      text += ", " + human_duration(static_cast<double>(machine_.memory_local.count()));
    }
    return text;
  }

  [[nodiscard]] std::string link_text() const {
    std::string text = "between packages";
    if (machine_.memory_remote > sim::Duration::zero()) {
      text += fmt::format(": memory of another package after {}",
                          human_duration(static_cast<double>(machine_.memory_remote.count())));
    }
    return text;
  }

  [[nodiscard]] std::string legend() const {
    std::string text = "A box is shared by what is inside; white squares are hardware threads";
    for (std::size_t kind = 0; machine_.core_kinds.size() > 1 && kind < machine_.core_kinds.size();
         ++kind) {
      text += fmt::format("; {}: speed {:.2g}", machine_.core_kinds[kind].name,
                          machine_.core_kinds[kind].speed);
    }
    return text;
  }

  const models::MachineSpec& machine_;
  std::vector<std::vector<std::uint32_t>> cpus_;  // numbers of the CPUs, by core
  bool wordy_ = true;
  bool llc_outside_ = false;
};

}  // namespace

std::string machine_svg(const models::MachineSpec& machine) {
  return Picture{machine}.svg();
}

}  // namespace timeslice::tools

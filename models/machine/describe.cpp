#include "models/machine/describe.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <tuple>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "models/machine/cost_names.hpp"
#include "models/machine/quantity_text.hpp"

namespace timeslice::models {
namespace {

constexpr std::size_t max_tree_lines = 30;
constexpr std::size_t max_warnings = 10;
constexpr std::size_t max_list_width = 60;

using Lines = std::vector<std::string>;

std::string counted(std::size_t count, std::string_view noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

/// Ascending numbers as "0-7,64-71".
std::string ranges_text(std::vector<std::uint32_t> numbers) {
  std::ranges::sort(numbers);
  std::string text;
  for (std::size_t i = 0; i < numbers.size();) {
    std::size_t end = i + 1;
    while (end < numbers.size() && numbers[end] == numbers[end - 1] + 1) {
      ++end;
    }
    text += text.empty() ? "" : ",";
    text += end - i == 1 ? fmt::format("{}", numbers[i])
                         : fmt::format("{}-{}", numbers[i], numbers[end - 1]);
    i = end;
  }
  return text.size() > max_list_width ? text.substr(0, max_list_width) + "..." : text;
}

/// A part with what it contains; parts that read alike are one block with a count.
struct Block {
  std::string title;
  std::vector<Block> inside;
  std::size_t count = 1;

  [[nodiscard]] bool reads_as(const Block& other) const {
    return title == other.title &&
           std::ranges::equal(inside, other.inside, [](const Block& a, const Block& b) {
             return a.count == b.count && a.reads_as(b);
           });
  }
};

/// Adds `block`, or counts it with the last one if both read alike.
void add_folded(std::vector<Block>& blocks, Block block) {
  if (!blocks.empty() && blocks.back().reads_as(block)) {
    ++blocks.back().count;
  } else {
    blocks.push_back(std::move(block));
  }
}

void add_lines(const std::vector<Block>& blocks, std::size_t depth, Lines& lines) {
  for (const Block& block : blocks) {
    const std::string times = block.count == 1 ? "" : fmt::format("{} x ", block.count);
    lines.push_back(fmt::format("{:{}}{}{}", "", 2 * depth, times, block.title));
    add_lines(block.inside, depth + 1, lines);
  }
}

std::string cache_name(const CacheSpec& cache) {
  constexpr std::array<std::string_view, 3> suffixes{"d", "i", ""};
  const bool split = cache.level == 1 || cache.type == CacheSpec::Type::instruction;
  return fmt::format("L{}{}", cache.level,
                     split ? suffixes[static_cast<std::size_t>(cache.type)] : "");
}

class Tree {
 public:
  explicit Tree(const MachineSpec& machine)
      : machine_{machine}, caches_of_(machine.cores.size()), cpus_of_(machine.cores.size()) {
    for (const CacheSpec& cache : machine.caches) {
      for (const CoreId core : cache.cores) {
        caches_of_[index_of(core)].push_back(&cache);
      }
    }
    for (const CpuSpec& cpu : machine.cpus) {
      cpus_of_[index_of(cpu.core)].push_back(cpu.os_index);
    }
  }

  [[nodiscard]] Lines lines() const {
    std::map<std::uint32_t, std::vector<std::uint32_t>> packages;
    for (std::uint32_t core = 0; core < machine_.cores.size(); ++core) {
      packages[machine_.cores[core].package].push_back(core);
    }
    std::vector<Block> blocks;
    for (const auto& [package, cores] : packages) {
      add_folded(blocks, {.title = "package", .inside = nodes(cores)});
    }
    for (std::uint32_t node = 0; node < machine_.nodes.size(); ++node) {
      const bool has_cores = std::ranges::any_of(
          machine_.cores, [node](const CoreSpec& core) { return core.node == node; });
      if (!has_cores) {
        add_folded(blocks, {.title = node_title(node) + " without CPUs", .inside = {}});
      }
    }
    Lines lines;
    add_lines(blocks, 1, lines);
    if (lines.size() > max_tree_lines) {
      const std::size_t more = lines.size() - max_tree_lines + 1;
      lines.resize(max_tree_lines - 1);
      lines.push_back(fmt::format("  ... and {} more lines", more));
    }
    return lines;
  }

 private:
  using Cores = std::vector<std::uint32_t>;

  [[nodiscard]] std::string node_title(std::uint32_t node) const {
    const Bytes memory = machine_.nodes[node].memory;
    return memory.count == 0 ? "memory node"
                             : fmt::format("memory node, {:.4g} GiB",
                                           static_cast<double>(memory.count) / (1LL << 30));
  }

  [[nodiscard]] std::vector<Block> nodes(const Cores& cores) const {
    std::map<std::uint32_t, Cores> by_node;
    for (const std::uint32_t core : cores) {
      by_node[machine_.cores[core].node].push_back(core);
    }
    std::vector<Block> blocks;
    for (const auto& [node, local] : by_node) {
      add_folded(blocks, {.title = node_title(node), .inside = domains(local)});
    }
    return blocks;
  }

  [[nodiscard]] std::vector<Block> domains(const Cores& cores) const {
    std::map<std::uint32_t, Cores> by_llc;
    for (const std::uint32_t core : cores) {
      by_llc[machine_.cores[core].llc].push_back(core);
    }
    std::vector<Block> blocks;
    for (const auto& [llc, sharing] : by_llc) {
      std::vector<Block> inside;
      for (const std::uint32_t core : sharing) {
        add_folded(inside, {.title = core_title(core), .inside = {}});
      }
      const CacheSpec* const last = last_cache(sharing.front());
      const std::string title =
          last == nullptr ? fmt::format("{} without cache data", counted(sharing.size(), "core"))
                          : fmt::format("{} {}, {}", cache_name(*last), to_text(last->size),
                                        counted(last->cores.size(), "core"));
      add_folded(blocks, {.title = title, .inside = std::move(inside)});
    }
    return blocks;
  }

  [[nodiscard]] const CacheSpec* last_cache(std::uint32_t core) const {
    const CacheSpec* last = nullptr;
    for (const CacheSpec* const cache : caches_of_[core]) {
      const bool data = cache->type != CacheSpec::Type::instruction;
      last = data && (last == nullptr || cache->level > last->level) ? cache : last;
    }
    return last;
  }

  [[nodiscard]] std::string core_title(std::uint32_t core) const {
    const CoreKindSpec& kind = machine_.core_kinds[machine_.cores[core].kind];
    std::string title =
        fmt::format("{} with {}", kind.name == "core" ? kind.name : "core " + kind.name,
                    counted(cpus_of_[core].size(), "CPU"));
    if (kind.speed != 1.0) {
      title += fmt::format(", speed {:.3g}", kind.speed);
    }
    std::vector<const CacheSpec*> caches = caches_of_[core];
    std::ranges::sort(caches, {},
                      [](const CacheSpec* cache) { return std::tuple{cache->level, cache->type}; });
    for (const CacheSpec* const cache : caches) {
      if (cache != last_cache(core)) {
        title += fmt::format(", {} {}", cache_name(*cache), to_text(cache->size));
        title += cache->cores.size() == 1 ? std::string{}
                                          : fmt::format(" shared by {} cores", cache->cores.size());
      }
    }
    return title;
  }

  const MachineSpec& machine_;
  std::vector<std::vector<const CacheSpec*>> caches_of_;
  std::vector<std::vector<std::uint32_t>> cpus_of_;
};

void add_head(const MachineSpec& machine, Lines& lines) {
  const MachineCounts count = counts(machine);
  lines.push_back(fmt::format("{}: {}, {}, {}, {}", machine.name,
                              counted(count.packages, "package"), counted(count.cores, "core"),
                              counted(count.cpus, "CPU"),
                              counted(count.numa_nodes, "memory node")));
  if (!machine.about.empty()) {
    lines.push_back("  " + machine.about);
  }
  if (!machine.source.empty()) {
    lines.push_back("  source: " + machine.source);
  }
  std::vector<std::uint32_t> numbers;
  for (const CpuSpec& cpu : machine.cpus) {
    numbers.push_back(cpu.os_index);
  }
  lines.push_back("  CPU numbers: " + ranges_text(std::move(numbers)));
}

void add_speeds(const MachineSpec& machine, Lines& lines) {
  std::string clock = machine.clock_base.per_second > 0.0 ? "clock " + to_text(machine.clock_base)
                                                          : std::string{"clock not known"};
  for (const TurboStep& step : machine.turbo) {
    clock +=
        fmt::format(", up to {} active {}", counted(step.cores, "core"), to_text(step.frequency));
  }
  lines.push_back("  " + clock);
  lines.push_back(
      fmt::format("  against the reference machine: python {:.3g}, native {:.3g}, "
                  "memory {:.3g}{}",
                  machine.speed.python, machine.speed.native, machine.speed.memory,
                  machine.speed_known ? "" : " (nobody measured it)"));
  if (machine.cpus.size() > machine.cores.size()) {
    lines.push_back(fmt::format("  two busy siblings do {:.3g} times the work of one thread",
                                machine.smt_gain));
  }
}

void add_memory(const MachineSpec& machine, Lines& lines) {
  std::string text;
  const auto add = [&text](std::string_view what, const std::string& amount) {
    text += fmt::format("{}{} {}", text.empty() ? "  memory: " : ", ", what, amount);
  };
  if (machine.memory_bandwidth_node.per_second > 0.0) {
    add("a node", to_text(machine.memory_bandwidth_node));
  }
  if (machine.memory_bandwidth_one_core.per_second > 0.0) {
    add("one core", to_text(machine.memory_bandwidth_one_core));
  }
  if (machine.memory_local > sim::Duration::zero()) {
    add("local", to_text(machine.memory_local));
  }
  if (machine.memory_remote > sim::Duration::zero()) {
    add("remote", to_text(machine.memory_remote));
  }
  if (!text.empty()) {
    lines.push_back(text);
  }
}

void add_costs(const MachineSpec& machine, Lines& lines) {
  constexpr std::size_t a_line = 3;
  const bool free = std::ranges::all_of(cost_names, [&machine](const CostName& name) {
    return machine.costs.*name.cost == sim::Duration::zero();
  });
  if (free) {
    lines.emplace_back("costs: none, by definition");
    return;
  }
  lines.emplace_back(machine.costs_known
                         ? "costs of the operating system (from the machine's file):"
                         : "costs of the operating system (not measured here: defaults, measured "
                           "on the reference guest, a 2-CPU VM):");
  std::string line;
  for (std::size_t i = 0; i < cost_names.size(); ++i) {
    line += fmt::format("  {:<20} {:>8}", cost_names[i].name,
                        to_text(machine.costs.*cost_names[i].cost));
    if (i % a_line == a_line - 1) {
      lines.push_back(std::exchange(line, {}));
    }
  }
}

void add_warnings(const MachineSpec& machine, Lines& lines) {
  const std::size_t shown = std::min(machine.warnings.size(), max_warnings);
  for (std::size_t i = 0; i < shown; ++i) {
    lines.push_back("warning: " + machine.warnings[i]);
  }
  if (machine.warnings.size() > shown) {
    lines.push_back(fmt::format("and {} more warnings", machine.warnings.size() - shown));
  }
}

}  // namespace

std::string describe(const MachineSpec& machine) {
  Lines lines;
  add_head(machine, lines);
  for (std::string& line : Tree{machine}.lines()) {
    lines.push_back(std::move(line));
  }
  add_speeds(machine, lines);
  add_memory(machine, lines);
  add_costs(machine, lines);
  add_warnings(machine, lines);
  return fmt::format("{}\n", fmt::join(lines, "\n"));
}

}  // namespace timeslice::models

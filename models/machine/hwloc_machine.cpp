#include "models/machine/hwloc_machine.hpp"

#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>

#include "models/machine/hwloc_kinds.hpp"

namespace timeslice::models {
namespace {

constexpr std::uint32_t none = HwlocObject::no_parent;

/// `text` without blanks at the ends or two in a row, which firmware puts into names.
std::string one_line(const std::string& text) {
  std::string line;
  for (const char c : text) {
    if (c != ' ' || (!line.empty() && line.back() != ' ')) {
      line.push_back(c);
    }
  }
  while (line.ends_with(' ')) {
    line.pop_back();
  }
  return line;
}

class MachineBuilder {
 public:
  explicit MachineBuilder(const HwlocFile& file) : file_{file} {
    machine_.name = file.name;
    machine_.costs_known = false;
    machine_.speed_known = false;
    machine_.warnings = file.warnings;
  }

  sim::Result<MachineSpec> build(const NodeDistances& distances) {
    read_usable_cpus();
    if (usable_.empty()) {
      return sim::Error{file_.name, "no CPU of the machine is usable",
                        "allowed_cpuset and online_cpuset leave out every PU: export it again"};
    }
    add_nodes();
    if (machine_.nodes.size() > max_nodes) {
      return sim::Error{file_.name, fmt::format("{} memory nodes", machine_.nodes.size()),
                        fmt::format("Linux knows at most {}", max_nodes)};
    }
    add_cores();
    add_cpus();
    if (auto error = add_kinds()) {
      return std::move(*error);
    }
    add_caches();
    add_distances(distances);
    add_text();
    return std::move(machine_);
  }

 private:
  void warn(std::string text) { machine_.warnings.push_back(std::move(text)); }

  [[nodiscard]] const HwlocObject& object(std::uint32_t index) const {
    return file_.objects[index];
  }

  /// The nearest object around `index`, itself included, of this type; none without one.
  [[nodiscard]] std::uint32_t enclosing(std::uint32_t index, HwlocType type) const {
    while (index != none && object(index).type != type) {
      index = object(index).parent;
    }
    return index;
  }

  [[nodiscard]] IndexSet set_of_machine(std::string_view key) const {
    constexpr std::string_view everything = "0xf...f";
    const auto text = file_.attribute(file_.objects.front(), key);
    return *IndexSet::parse(text.value_or(everything));
  }

  void read_usable_cpus() {
    const IndexSet allowed = set_of_machine("allowed_cpuset");
    const IndexSet online = set_of_machine("online_cpuset");
    std::uint32_t listed = 0;
    for (std::uint32_t i = 0; i < file_.objects.size(); ++i) {
      if (object(i).type != HwlocType::cpu) {
        continue;
      }
      ++listed;
      if (allowed.contains(*object(i).os_index) && online.contains(*object(i).os_index)) {
        usable_.push_back(i);
      }
    }
    const auto usable = static_cast<std::uint32_t>(usable_.size());
    if (usable < listed) {
      warn(fmt::format("{} of {} listed CPUs are offline or not allowed, and left out",
                       listed - usable, listed));
    }
    warn_about_sets(listed);
  }

  void warn_about_sets(std::uint32_t listed) {
    const auto complete = file_.attribute(file_.objects.front(), "complete_cpuset");
    const std::uint32_t known = complete ? IndexSet::parse(*complete)->count() : listed;
    if (known > listed) {
      warn(fmt::format("{} of {} CPUs are offline or not allowed: the file does not list them",
                       known - listed, known));
    }
    const auto& cpuset = file_.objects.front().cpuset;
    if (cpuset && cpuset->count() != listed) {
      warn(fmt::format("the machine's cpuset names {} CPUs, but {} are listed", cpuset->count(),
                       listed));
    }
  }

  void add_nodes() {
    attached_.resize(file_.objects.size());
    node_number_.assign(file_.objects.size(), none);
    const IndexSet allowed = set_of_machine("allowed_nodeset");
    std::uint32_t left_out = 0;
    for (std::uint32_t i = 0; i < file_.objects.size(); ++i) {
      if (object(i).type != HwlocType::node) {
        continue;
      }
      if (!allowed.contains(*object(i).os_index)) {
        ++left_out;
        continue;
      }
      node_number_[i] = static_cast<std::uint32_t>(machine_.nodes.size());
      machine_.nodes.push_back({.os_index = *object(i).os_index, .memory = object(i).memory});
      if (object(i).parent != none) {
        attached_[above_memory(i)].push_back(i);
      }
    }
    if (left_out > 0) {
      warn(fmt::format("{} memory nodes are not allowed, and left out", left_out));
    }
    if (machine_.nodes.empty()) {
      warn("the file names no usable memory node: one for all CPUs is assumed");
      machine_.nodes.push_back({});
    }
  }

  /// What a memory node hangs on, past memory-side caches.
  [[nodiscard]] std::uint32_t above_memory(std::uint32_t node) const {
    std::uint32_t index = object(node).parent;
    while (object(index).type == HwlocType::memory_cache && object(index).parent != none &&
           file_.attribute(object(index), "type") == "MemCache") {
      index = object(index).parent;
    }
    return index;
  }

  /// The memory node local to the CPU at `cpu`: the first that hangs on the nearest object around
  /// it and has it in its cpuset; none without one.
  [[nodiscard]] std::uint32_t local_node(std::uint32_t cpu) const {
    for (std::uint32_t at = cpu; at != none; at = object(at).parent) {
      if (node_number_[at] != none) {
        return node_number_[at];
      }
      for (const std::uint32_t node : attached_[at]) {
        const auto& cpuset = object(node).cpuset;
        if (!cpuset || cpuset->contains(*object(cpu).os_index)) {
          return node_number_[node];
        }
      }
    }
    return none;
  }

  /// The cache of the highest level around the CPU at `cpu` that holds data; none without one.
  [[nodiscard]] std::uint32_t last_cache(std::uint32_t cpu) const {
    std::uint32_t last = none;
    for (std::uint32_t at = cpu; at != none; at = object(at).parent) {
      const bool data = object(at).type == HwlocType::cache &&
                        object(at).cache.type != CacheSpec::Type::instruction;
      if (data && (last == none || object(at).cache.level > object(last).cache.level)) {
        last = at;
      }
    }
    return last;
  }

  /// Dense numbers for objects in the order in which they are first asked for.
  static std::uint32_t number_of(std::map<std::uint32_t, std::uint32_t>& numbers,
                                 std::uint32_t key) {
    return numbers.try_emplace(key, static_cast<std::uint32_t>(numbers.size())).first->second;
  }

  void add_cores() {
    std::map<std::uint32_t, std::uint32_t> cores;
    std::map<std::uint32_t, std::uint32_t> packages;
    std::map<std::uint32_t, std::uint32_t> caches;
    for (const std::uint32_t cpu : usable_) {
      const std::uint32_t core = enclosing(cpu, HwlocType::core);
      const std::uint32_t number = number_of(cores, core == none ? cpu : core);
      core_of_.push_back(number);
      if (number < machine_.cores.size()) {
        continue;
      }
      const std::uint32_t package = enclosing(cpu, HwlocType::package);
      const std::uint32_t cache = last_cache(cpu);
      const std::uint32_t node = local_node(cpu);
      without_core_ += core == none ? 1 : 0;
      without_package_ += package == none ? 1 : 0;
      without_cache_ += cache == none ? 1 : 0;
      without_node_ += node == none ? 1 : 0;
      last_levels_.insert(cache == none ? 0 : object(cache).cache.level);
      machine_.cores.push_back({.package = number_of(packages, package),
                                .kind = 0,
                                .node = node == none ? 0 : node,
                                .llc = number_of(caches, cache != none ? cache : package)});
    }
    machine_.packages = static_cast<std::uint32_t>(packages.size());
    warn_about_cores();
  }

  void warn_about_cores() {
    const std::size_t cores = machine_.cores.size();
    if (without_core_ > 0) {
      warn(fmt::format("no Core objects for {} CPUs: each is taken for a core of its own",
                       without_core_));
    }
    if (without_package_ > 0) {
      warn(fmt::format("no Package object for {} cores: they are taken for one package",
                       without_package_));
    }
    if (without_cache_ == cores) {
      warn("no cache data: the cores of a package are taken to share a last-level cache");
    } else if (without_cache_ > 0) {
      warn(fmt::format("no cache data for {} of {} cores", without_cache_, cores));
    } else if (last_levels_.size() > 1) {
      warn(
          fmt::format("the last-level cache is an L{} for some cores, an L{} for others: the file "
                      "may lack some",
                      *last_levels_.begin(), *last_levels_.rbegin()));
    }
    if (without_node_ > 0 && machine_.nodes.size() > 1) {
      warn(fmt::format("no local memory node for {} of {} cores: node {} is assumed", without_node_,
                       cores, machine_.nodes.front().os_index));
    }
  }

  void add_cpus() {
    for (std::size_t i = 0; i < usable_.size(); ++i) {
      machine_.cpus.push_back(
          {.core = CoreId{core_of_[i]}, .os_index = *object(usable_[i]).os_index});
    }
    std::ranges::sort(machine_.cpus, {}, &CpuSpec::os_index);
  }

  std::optional<sim::Error> add_kinds() {
    std::vector<std::uint32_t> os_indexes;
    for (const CpuSpec& cpu : machine_.cpus) {
      os_indexes.push_back(cpu.os_index);
    }
    auto read = read_kinds(file_, os_indexes);
    if (!read) {
      return read.error();
    }
    HwlocKinds kinds = std::move(read).value();
    std::vector<bool> seen(machine_.cores.size());
    std::uint32_t mixed = 0;
    for (std::size_t i = 0; i < machine_.cpus.size(); ++i) {
      const std::size_t core = index_of(machine_.cpus[i].core);
      const bool other = seen[core] && machine_.cores[core].kind != kinds.kind_of[i];
      mixed += other ? 1 : 0;
      machine_.cores[core].kind = seen[core] ? machine_.cores[core].kind : kinds.kind_of[i];
      seen[core] = true;
    }
    if (mixed > 0) {
      warn(fmt::format("{} CPUs have another kind than their core's first CPU, whose kind counts",
                       mixed));
    }
    machine_.core_kinds = std::move(kinds.kinds);
    machine_.clock_base = kinds.clock_base;
    std::ranges::move(kinds.warnings, std::back_inserter(machine_.warnings));
    return std::nullopt;
  }

  void add_caches() {
    std::vector<std::vector<CoreId>> cores(file_.objects.size());
    bool memory_side = false;
    for (std::size_t i = 0; i < usable_.size(); ++i) {
      const CoreId core{core_of_[i]};
      for (std::uint32_t at = usable_[i]; at != none; at = object(at).parent) {
        memory_side = memory_side || object(at).type == HwlocType::memory_cache;
        if (object(at).type == HwlocType::cache && object(at).cache.size.count > 0) {
          cores[at].push_back(core);
        }
      }
    }
    for (std::uint32_t i = 0; i < file_.objects.size(); ++i) {
      memory_side = memory_side || object(i).type == HwlocType::memory_cache;
      if (cores[i].empty()) {
        continue;
      }
      std::ranges::sort(cores[i]);
      const auto repeated = std::ranges::unique(cores[i]);
      cores[i].erase(repeated.begin(), repeated.end());
      CacheSpec& cache = machine_.caches.emplace_back(object(i).cache);
      cache.cores = std::move(cores[i]);
    }
    if (memory_side) {
      warn("memory-side caches are not modelled, and left out");
    }
    warn_about_cache_order();
  }

  void warn_about_cache_order() {
    for (const std::uint32_t cpu : usable_) {
      const HwlocObject* below = nullptr;
      for (std::uint32_t at = cpu; at != none; at = object(at).parent) {
        const HwlocObject& one = object(at);
        const bool data = one.type == HwlocType::cache && one.cache.size.count > 0 &&
                          one.cache.type != CacheSpec::Type::instruction;
        if (data && below != nullptr && one.cache.size < below->cache.size) {
          warn(fmt::format("an L{} cache is smaller than the L{} below it", one.cache.level,
                           below->cache.level));
          return;
        }
        below = data ? &one : below;
      }
    }
  }

  void add_distances(const NodeDistances& distances) {
    const std::size_t nodes = machine_.nodes.size();
    for (std::size_t i = 0; i < nodes * nodes && !distances.values.empty(); ++i) {
      const auto row = row_of(distances, machine_.nodes[i / nodes].os_index);
      const auto column = row_of(distances, machine_.nodes[i % nodes].os_index);
      machine_.node_distance.push_back(
          distances.values[row * distances.os_indexes.size() + column]);
    }
    if (machine_.node_distance.empty() && nodes > 1) {
      warn(fmt::format("no distances between the {} memory nodes: all are taken to be equally far",
                       nodes));
    }
    if (machine_.packages > nodes && machine_.node_distance.empty()) {
      warn(
          fmt::format("{} packages but {} memory node{}: dumps of CPUID carry no NUMA data, so "
                      "remote memory may be missing",
                      machine_.packages, nodes, nodes == 1 ? "" : "s"));
    }
  }

  static std::size_t row_of(const NodeDistances& distances, std::uint32_t os_index) {
    return static_cast<std::size_t>(std::ranges::find(distances.os_indexes, os_index) -
                                    distances.os_indexes.begin());
  }

  /// The value of the first info element with this name; empty without one.
  [[nodiscard]] std::string info(std::string_view name) const {
    for (const XmlElement& element : file_.xml.elements) {
      if (element.name == "info" && file_.xml.attribute(element, "name") == name) {
        return one_line(printable(file_.xml.attribute(element, "value").value_or("")));
      }
    }
    return {};
  }

  void add_text() {
    const std::string model = info("CPUModel");
    machine_.about = model.empty() ? "imported from hwloc XML" : model;
    const std::string writer = info("hwlocVersion");
    machine_.source =
        fmt::format("hwloc XML, format {}{}", file_.version,
                    writer.empty() ? std::string{} : fmt::format(", written by hwloc {}", writer));
  }

  const HwlocFile& file_;
  MachineSpec machine_;
  std::vector<std::uint32_t> usable_;                 // objects of CPUs, in document order
  std::vector<std::uint32_t> core_of_;                // by position in usable_
  std::vector<std::vector<std::uint32_t>> attached_;  // node objects hanging on each object
  std::vector<std::uint32_t> node_number_;            // by object; none unless a usable node
  std::set<std::uint32_t> last_levels_;               // of the last cache of each core; 0: none
  std::uint32_t without_core_ = 0;
  std::uint32_t without_package_ = 0;
  std::uint32_t without_cache_ = 0;
  std::uint32_t without_node_ = 0;
};

}  // namespace

sim::Result<MachineSpec> build_hwloc_machine(const HwlocFile& file,
                                             const NodeDistances& distances) {
  return MachineBuilder{file}.build(distances);
}

}  // namespace timeslice::models

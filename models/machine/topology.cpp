#include "models/machine/topology.hpp"

#include <algorithm>
#include <cstddef>
#include <map>
#include <optional>
#include <utility>

#include <boost/graph/adjacency_list.hpp>
#include <boost/graph/depth_first_search.hpp>

#include "sim/expect.hpp"

namespace timeslice::models {
namespace {

enum class Part : std::uint8_t { machine, package, node, llc, core, cpu };

struct Vertex {
  Part part = Part::machine;
  std::uint32_t index = 0;  // into the machine's list of such parts
};

// An edge leads from a part to what it contains. Containing is a tree where caches lie inside
// memory nodes and those inside packages. Where a last-level cache or a node spans more than that,
// a part has more than one container, so the graph is not always a tree.
using ContainsGraph = boost::adjacency_list<boost::vecS, boost::vecS, boost::directedS, Vertex>;
using Descriptor = boost::graph_traits<ContainsGraph>::vertex_descriptor;

std::uint32_t llcs_of(const MachineSpec& machine) {
  std::uint32_t count = 0;
  for (const CoreSpec& core : machine.cores) {
    count = std::max(count, core.llc + 1);
  }
  return count;
}

/// Collects the CPUs that a search reaches.
class CpuCollector : public boost::default_dfs_visitor {
 public:
  explicit CpuCollector(std::vector<CpuId>& found) : found_{&found} {}

  void discover_vertex(Descriptor vertex, const ContainsGraph& graph) const {
    if (graph[vertex].part == Part::cpu) {
      found_->push_back(CpuId{graph[vertex].index});
    }
  }

 private:
  std::vector<CpuId>* found_;
};

}  // namespace

struct Topology::Graph {
  ContainsGraph graph;
  std::vector<Descriptor> packages;
  std::vector<Descriptor> nodes;
  std::vector<Descriptor> llcs;
  std::vector<Descriptor> cores;
  std::vector<CoreSpec> core_of_cpu;  // flat copy for nearness(), which is asked often
  std::vector<CoreId> core_id_of_cpu;

  std::vector<Descriptor> add_parts(Part part, std::size_t count) {
    std::vector<Descriptor> added;
    for (std::uint32_t i = 0; i < count; ++i) {
      added.push_back(boost::add_vertex(Vertex{.part = part, .index = i}, graph));
    }
    return added;
  }

  /// Adds each edge once, although every core names its containers.
  void add_edges(std::vector<std::pair<Descriptor, Descriptor>> edges) {
    std::ranges::sort(edges);
    const auto repeated = std::ranges::unique(edges);
    edges.erase(repeated.begin(), repeated.end());
    for (const auto& [container, content] : edges) {
      boost::add_edge(container, content, graph);
    }
  }

  [[nodiscard]] std::vector<CpuId> cpus_below(Descriptor top) const {
    std::vector<CpuId> found;
    std::map<Descriptor, boost::default_color_type> colours;  // only what is reached has one
    boost::depth_first_visit(graph, top, CpuCollector{found},
                             boost::associative_property_map{colours});
    std::ranges::sort(found);
    return found;
  }
};

Topology::Topology(const MachineSpec& machine) : graph_{std::make_unique<Graph>()} {
  Graph& g = *graph_;
  const Descriptor top = g.add_parts(Part::machine, 1).front();
  g.packages = g.add_parts(Part::package, machine.packages);
  g.nodes = g.add_parts(Part::node, machine.nodes.size());
  g.llcs = g.add_parts(Part::llc, llcs_of(machine));
  g.cores = g.add_parts(Part::core, machine.cores.size());
  const auto cpus = g.add_parts(Part::cpu, machine.cpus.size());

  std::vector<std::pair<Descriptor, Descriptor>> edges;
  for (std::size_t i = 0; i < machine.cores.size(); ++i) {
    const CoreSpec& core = machine.cores[i];
    sim::expect(core.package < machine.packages, "a core's package exists");
    sim::expect(core.node < machine.nodes.size(), "a core's memory node exists");
    edges.emplace_back(top, g.packages[core.package]);
    edges.emplace_back(g.packages[core.package], g.cores[i]);
    edges.emplace_back(g.nodes[core.node], g.cores[i]);
    edges.emplace_back(g.llcs[core.llc], g.cores[i]);
  }
  for (std::size_t i = 0; i < machine.cpus.size(); ++i) {
    const CoreId core = machine.cpus[i].core;
    sim::expect(index_of(core) < machine.cores.size(), "a CPU's core exists");
    edges.emplace_back(g.cores[index_of(core)], cpus[i]);
    g.core_of_cpu.push_back(machine.cores[index_of(core)]);
    g.core_id_of_cpu.push_back(core);
  }
  g.add_edges(std::move(edges));
}

Topology::Topology(Topology&& other) noexcept = default;
Topology& Topology::operator=(Topology&& other) noexcept = default;
Topology::~Topology() = default;

std::vector<CpuId> Topology::siblings(CpuId cpu) const {
  return cpus_of_core(graph_->core_id_of_cpu.at(index_of(cpu)));
}

std::vector<CpuId> Topology::cpus_of_core(CoreId core) const {
  return graph_->cpus_below(graph_->cores.at(index_of(core)));
}

std::vector<CpuId> Topology::cpus_of_llc(std::uint32_t llc) const {
  return graph_->cpus_below(graph_->llcs.at(llc));
}

std::vector<CpuId> Topology::cpus_of_node(std::uint32_t node) const {
  return graph_->cpus_below(graph_->nodes.at(node));
}

std::vector<CpuId> Topology::cpus_of_package(std::uint32_t package) const {
  return graph_->cpus_below(graph_->packages.at(package));
}

Nearness Topology::nearness(CpuId a, CpuId b) const {
  const CoreSpec& x = graph_->core_of_cpu.at(index_of(a));
  const CoreSpec& y = graph_->core_of_cpu.at(index_of(b));
  if (a == b) {
    return Nearness::same_cpu;
  }
  if (graph_->core_id_of_cpu[index_of(a)] == graph_->core_id_of_cpu[index_of(b)]) {
    return Nearness::same_core;
  }
  if (x.llc == y.llc) {
    return Nearness::same_llc;
  }
  if (x.package != y.package) {
    return Nearness::other;
  }
  return x.node == y.node ? Nearness::same_node : Nearness::same_package;
}

std::vector<CpuId> Topology::nearest_first(CpuId cpu) const {
  std::vector<std::pair<Nearness, CpuId>> order;
  for (std::uint32_t i = 0; i < graph_->core_of_cpu.size(); ++i) {
    order.emplace_back(nearness(cpu, CpuId{i}), CpuId{i});
  }
  std::ranges::sort(order);
  std::vector<CpuId> cpus;
  for (const auto& [nearness, other] : order) {
    cpus.push_back(other);
  }
  return cpus;
}

std::uint32_t Topology::llc_count() const {
  return static_cast<std::uint32_t>(graph_->llcs.size());
}

}  // namespace timeslice::models

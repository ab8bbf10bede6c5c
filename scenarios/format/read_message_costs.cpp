#include "scenarios/format/read_message_costs.hpp"

#include <array>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

namespace timeslice::scenarios {
namespace {

using models::CopyStep;
using models::PayloadCosts;

void refuse_table(Fields& fields, std::string_view key, std::string_view what) {
  fields.error(key, "E-type", fmt::format("'{}' {}", key, what),
               fmt::format("write {} entries, as the default does: {}", CopyStep::points,
                           find_key(section_named("payload_costs"), key)->fallback));
}

void read_sizes(Fields& fields, PayloadCosts& costs) {
  if (fields.find("sizes") == nullptr) {
    return;
  }
  const std::vector<std::string> texts = fields.texts("sizes");
  std::int64_t before = 0;
  auto sizes = costs.sizes;
  for (std::size_t i = 0; i < texts.size() && i < sizes.size(); ++i) {
    const auto bytes = parse_bytes(texts[i]);
    if (!bytes || bytes.value <= before) {
      refuse_table(fields, "sizes", "has sizes that do not grow");
      return;
    }
    before = bytes.value;
    sizes[i] = models::Bytes{bytes.value};
  }
  if (texts.size() != sizes.size()) {
    refuse_table(fields, "sizes", "is not a table");
    return;
  }
  costs.sizes = sizes;
}

/// "2us 0.5": CPU time, then a share.
bool read_point(const std::string& text, sim::Duration& cpu, double& fresh) {
  const std::size_t space = text.find(' ');
  if (space == std::string::npos) {
    return false;
  }
  const auto ns = parse_duration_ns(trimmed(text.substr(0, space)));
  const auto share = parse_number(trimmed(text.substr(space + 1)));
  if (!ns || !share || share.value < 0.0) {
    return false;
  }
  cpu = sim::Duration{ns.value};
  fresh = share.value;
  return true;
}

void read_step(Fields& fields, std::string_view key, CopyStep& step) {
  if (fields.find(key) == nullptr) {
    return;
  }
  const std::vector<std::string> texts = fields.texts(key);
  CopyStep read;
  bool good = texts.size() == CopyStep::points;
  for (std::size_t i = 0; good && i < CopyStep::points; ++i) {
    good = read_point(texts[i], read.cpu[i], read.fresh[i]);
  }
  if (!good) {
    refuse_table(fields, key, "is not a table of times and shares");
    return;
  }
  step = read;
}

void read_payload(Fields& outer, PayloadCosts& costs) {
  const Node* node = outer.map("payload");
  if (node == nullptr) {
    return;
  }
  Fields fields{outer.reading(), *node, section_named("payload_costs")};
  read_sizes(fields, costs);
  const std::array<std::pair<std::string_view, CopyStep*>, 7> steps{{
      {"argument_dumps", &costs.argument_dumps},
      {"argument_read", &costs.argument_read},
      {"argument_loads", &costs.argument_loads},
      {"result_build", &costs.result_build},
      {"result_dumps", &costs.result_dumps},
      {"result_read", &costs.result_read},
      {"result_loads", &costs.result_loads},
  }};
  for (const auto& [key, step] : steps) {
    read_step(fields, key, *step);
  }
  fields.read("object_dumps", costs.object_dumps);
  fields.read("object_loads", costs.object_loads);
  fields.read("fault", costs.fault);
  fields.read("shared_create", costs.shared_create);
  fields.read("shared_attach", costs.shared_attach);
  fields.read("shared_release", costs.shared_release);
  fields.read("shared_map_share", costs.shared_map_share);
  fields.read("shared_free_share", costs.shared_free_share);
}

void read_executor(Fields& outer, models::ExecutorCosts& costs) {
  const Node* node = outer.map("executor");
  if (node == nullptr) {
    return;
  }
  Fields fields{outer.reading(), *node, section_named("executor_costs")};
  fields.read("submit", costs.submit);
  fields.read("add", costs.add);
  fields.read("feed", costs.feed);
  fields.read("send", costs.send);
  fields.read("get", costs.get);
  fields.read("put", costs.put);
  fields.read("receive", costs.receive);
  fields.read("store", costs.store);
  fields.read("result", costs.result);
  fields.read("wait", costs.wait);
  fields.read("wait_each", costs.wait_each);
  fields.read("poll", costs.poll);
  fields.read("take_byte", costs.take_byte);
  fields.read("create", costs.create);
}

/// One cost for each byte: a straight line instead of the table.
void make_proportional(PayloadCosts& costs, sim::Duration per_kib) {
  for (CopyStep* step :
       {&costs.argument_dumps, &costs.argument_loads, &costs.result_dumps, &costs.result_loads}) {
    for (std::size_t i = 0; i < CopyStep::points; ++i) {
      step->cpu[i] = per_kib * costs.sizes[i].count / 1024;
    }
  }
}

}  // namespace

void read_message_costs(Fields& fields, models::PythonCosts& costs) {
  read_executor(fields, costs.executor);
  read_payload(fields, costs.payload);
  if (sim::Duration per_kib{}; fields.read("pickle_per_kib", per_kib)) {
    make_proportional(costs.payload, per_kib);
  }
  fields.read("imap_next", costs.imap_next);
  fields.read("interpreter_create", costs.interpreter_create);
  fields.read("interpreter_call", costs.interpreter_call);
  fields.read("interpreter_close", costs.interpreter_close);
}

}  // namespace timeslice::scenarios

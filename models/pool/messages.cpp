#include "models/pool/messages.hpp"

#include <limits>

#include "models/work/context.hpp"
#include "sim/expect.hpp"

namespace timeslice::models {

namespace {

/// A SharedMemory object pickles as its name and size: about so many bytes.
constexpr std::int64_t block_name_bytes = 90;

enum class Side { argument, result };

Bytes size_of(const PayloadSpec& payload, Side side) {
  return side == Side::argument ? payload.argument : payload.result;
}

Bytes bytes_in(const Load& load, Side side) {
  const std::int64_t each = size_of(load.spec, side).count;
  if (load.spec.codec == Codec::shared_memory && each > 0) {
    return Bytes{load.count * block_name_bytes};
  }
  return Bytes{load.count * each};
}

sim::Duration scaled(sim::Duration cost, double times) {
  return sim::Duration{static_cast<std::int64_t>(static_cast<double>(cost.count()) * times)};
}

/// CPU time under the GIL, and in the kernel for page faults.
struct Effort {
  sim::Duration cpu{};
  double faults = 0.0;
};

/// `step` over `times` messages or objects of `size`.
void add(Effort& effort, const PayloadCosts& costs, const CopyStep& step, Bytes size,
         double times) {
  effort.cpu += scaled(cpu_of(costs, step, size), times);
  effort.faults += times * fresh_pages(costs, step, size);
}

/// Objects beyond the first of each item.
double more_objects(const Load& load) {
  return static_cast<double>(load.count) * static_cast<double>(load.spec.objects - 1);
}

double pages_of(Bytes size) {
  const std::int64_t whole = (size.count + page_bytes - 1) / page_bytes;
  return static_cast<double>(whole);
}

/// Puts each item into a block of its own.
void add_blocks_filled(Effort& effort, const PayloadCosts& costs, Bytes each, double count) {
  effort.cpu += scaled(costs.shared_create + cpu_of(costs, costs.argument_dumps, each), count);
  effort.faults += count * pages_of(each);
}

void add_blocks_mapped(Effort& effort, const PayloadCosts& costs, Bytes each, double count) {
  effort.cpu += scaled(costs.shared_attach, count);
  effort.faults += count * pages_of(each) * costs.shared_map_share;
}

void add_blocks_freed(Effort& effort, const PayloadCosts& costs, Bytes each, double count) {
  effort.cpu += scaled(costs.shared_release, count);
  effort.faults += count * pages_of(each) * costs.shared_free_share;
}

Effort dumping(const PayloadCosts& costs, const Load& load, Side side) {
  Effort effort;
  const Bytes each = size_of(load.spec, side);
  if (each.count == 0) {
    return effort;
  }
  effort.cpu = scaled(costs.object_dumps, more_objects(load));
  if (side == Side::result) {
    add(effort, costs, costs.result_build, each, load.count);
  }
  if (load.spec.codec == Codec::shared_memory) {
    add_blocks_filled(effort, costs, each, load.count);
    return effort;
  }
  const Bytes message{each.count * load.count};
  const bool argument = side == Side::argument;
  add(effort, costs, argument ? costs.argument_dumps : costs.result_dumps, message, 1.0);
  return effort;
}

Effort loading(const PayloadCosts& costs, const Load& load, Side side) {
  Effort effort;
  const Bytes each = size_of(load.spec, side);
  const bool argument = side == Side::argument;
  if (load.spec.codec == Codec::shared_memory && !argument && load.spec.argument.count > 0) {
    // With the result the submitter has no more use for the blocks of the arguments.
    add_blocks_freed(effort, costs, load.spec.argument, load.count);
  }
  if (each.count == 0) {
    return effort;
  }
  effort.cpu += scaled(costs.object_loads, more_objects(load));
  if (load.spec.codec == Codec::pickle) {
    add(effort, costs, argument ? costs.argument_loads : costs.result_loads, each, load.count);
    return effort;
  }
  add_blocks_mapped(effort, costs, each, load.count);
  if (!argument) {
    add_blocks_freed(effort, costs, each, load.count);
  }
  return effort;
}

sim::Duration faults(const Actor& actor, double pages) {
  return scaled(actor.world.costs().payload.fault, pages);
}

sim::Process<> spend(Actor& actor, sim::Duration base, Effort effort) {
  co_await bytecode(actor, base + effort.cpu);
  if (effort.faults > 0.0) {
    const sim::Duration cost = faults(actor, effort.faults);
    co_await kernel(actor, cost);
  }
}

}  // namespace

sim::Process<> acquire(Actor& actor, Semaphore& lock) {
  if (lock.try_acquire()) {
    co_return;
  }
  if (!quick_leave(actor)) {
    co_await leave(actor);
  }
  co_await lock.acquire(actor.thread);
  if (!quick_enter(actor)) {
    co_await enter(actor);
  }
}

sim::Process<> quick_syscall(Actor& actor) {
  if (!quick_leave(actor)) {
    co_await leave(actor);
  }
  const sim::Duration cost = actor.world.os_costs().syscall;
  co_await kernel(actor, cost);
  if (!quick_enter(actor)) {
    co_await enter(actor);
  }
}

sim::Process<std::uint64_t> receive(Actor& actor, Pipe& pipe, ReadFaults faults) {
  constexpr Bytes length{length_bytes};
  constexpr Bytes rest{std::numeric_limits<std::int64_t>::max()};
  Bytes most = length;
  while (true) {
    if (!quick_leave(actor)) {
      co_await leave(actor);
    }
    const std::optional<Piece> piece = co_await pipe.read_some(actor.thread, most);
    if (piece && piece->whole) {
      const sim::Duration cost = faults(actor, piece->whole->size);
      co_await kernel(actor, cost);
    }
    co_await return_to_user(actor);
    if (!quick_enter(actor)) {
      co_await enter(actor);
    }
    sim::expect(piece.has_value(), "the pipes of a pool stay open");
    if (piece->whole && piece->whole->value != length_only) {
      co_return piece->whole->value;
    }
    most = rest;
  }
}

Bytes argument_bytes(const Load& load) {
  return bytes_in(load, Side::argument);
}

Bytes result_bytes(const Load& load) {
  return bytes_in(load, Side::result);
}

sim::Process<> dump_arguments(Actor& actor, sim::Duration base, Load load) {
  const Effort effort = dumping(actor.world.costs().payload, load, Side::argument);
  co_await spend(actor, base, effort);
}

sim::Process<> load_arguments(Actor& actor, sim::Duration base, Load load) {
  const Effort effort = loading(actor.world.costs().payload, load, Side::argument);
  co_await spend(actor, base, effort);
}

sim::Process<> dump_results(Actor& actor, sim::Duration base, Load load) {
  const Effort effort = dumping(actor.world.costs().payload, load, Side::result);
  co_await spend(actor, base, effort);
}

sim::Process<> load_results(Actor& actor, sim::Duration base, Load load) {
  const Effort effort = loading(actor.world.costs().payload, load, Side::result);
  co_await spend(actor, base, effort);
}

sim::Duration argument_read_faults(const Actor& actor, Bytes message) {
  const PayloadCosts& costs = actor.world.costs().payload;
  return faults(actor, fresh_pages(costs, costs.argument_read, message));
}

sim::Duration result_read_faults(const Actor& actor, Bytes message) {
  const PayloadCosts& costs = actor.world.costs().payload;
  return faults(actor, fresh_pages(costs, costs.result_read, message));
}

}  // namespace timeslice::models

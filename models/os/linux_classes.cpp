#include "models/os/linux_classes.hpp"

#include <algorithm>
#include <utility>

#include "sim/expect.hpp"

namespace timeslice::models {

namespace {

/// Turns are counted in ticks: the one that begins with a tick ends with the tick `turn` later, the
/// one that begins between two ticks a little earlier. Source: task_tick_rt of Linux 6.12.
sim::Duration turn_before_ticks(sim::Duration turn, sim::Duration tick) {
  if (tick == sim::Duration::zero()) {
    return turn;
  }
  return std::max(turn - tick, sim::Duration::zero()) + sim::Duration{1};
}

}  // namespace

LinuxClasses::LinuxClasses(std::unique_ptr<Policy> fair, const Config& config,
                           std::uint32_t entities, std::uint32_t queues)
    : fair_{std::move(fair)},
      config_{config},
      real_time_{{.turn = turn_before_ticks(config.real_time.round_robin, config.tick),
                  .throttles = config.real_time.limit == RealTimeSpec::Limit::throttle,
                  .runtime = config.real_time.runtime,
                  .period = config.real_time.period}},
      members_(entities),
      queues_(queues) {
  if (entities > 0) {
    real_time_.add_entity(EntityId{entities - 1});
    deadline_.add_entity(EntityId{entities - 1});
  }
  if (queues > 0) {
    real_time_.add_queue(QueueId{queues - 1});
    deadline_.add_queue(QueueId{queues - 1});
  }
}

void LinuxClasses::add_entity(EntityId entity, const EntityParameters& parameters) {
  fair_->add_entity(entity, parameters);
  real_time_.add_entity(entity);
  deadline_.add_entity(entity);
  members_.resize(std::max(members_.size(), index_of(entity) + 1));
  assign(entity, {.kind = parameters.scheduling_class,
                  .priority = parameters.priority,
                  .runtime = parameters.runtime,
                  .deadline = parameters.deadline,
                  .period = parameters.period});
}

void LinuxClasses::add_queue(QueueId queue) {
  fair_->add_queue(queue);
  real_time_.add_queue(queue);
  deadline_.add_queue(queue);
  queues_.resize(std::max(queues_.size(), static_cast<std::size_t>(queue) + 1));
}

/// A delayed entity (see Policy::stays_queued) leaves the fair queue for good.
void LinuxClasses::drop_delayed(QueueId queue, EntityId entity) {
  if (stays_queued(queue, entity)) {
    fair().dequeue(queue, entity, DequeueReason::migrated);
  }
}

void LinuxClasses::set_class(QueueId queue, EntityId entity, const ClassSpec& spec) {
  drop_delayed(queue, entity);
  assign(entity, spec);
}

void LinuxClasses::assign(EntityId entity, const ClassSpec& spec) {
  Member& member = members_[index_of(entity)];
  member.kind = spec.kind;
  switch (spec.kind) {
    case SchedulingClass::normal:
    case SchedulingClass::batch:
    case SchedulingClass::idle:
      member.level = Level::fair;
      break;
    case SchedulingClass::fifo:
    case SchedulingClass::round_robin:
      member.level = Level::real_time;
      real_time_.set(entity, spec.priority, spec.kind == SchedulingClass::round_robin);
      break;
    case SchedulingClass::deadline:
      member.level = Level::deadline;
      deadline_.set(entity, spec);
      break;
  }
}

void LinuxClasses::lend_deadline(QueueId queue, EntityId entity, sim::Instant until) {
  drop_delayed(queue, entity);
  members_[index_of(entity)] = {.level = Level::deadline, .kind = SchedulingClass::deadline};
  deadline_.lend(entity, until);
}

void LinuxClasses::begin_server_period(Server& server) const {
  server.until = now() + config_.real_time.server_period;
  server.budget = config_.real_time.server_runtime;
}

/// Fair entities that run use the server's budget, called by it or not: who was not starved has
/// nothing to claim.
void LinuxClasses::use_server(Server& server, sim::Duration ran) const {
  server.budget -= ran;
  if (server.budget > sim::Duration::zero()) {
    return;
  }
  if (!server.active) {
    begin_server_period(server);
    return;
  }
  server.active = false;
  while (server.budget <= sim::Duration::zero()) {
    server.budget += config_.real_time.server_runtime;
    server.until += config_.real_time.server_period;
  }
}

void LinuxClasses::enqueue(QueueId queue, EntityId entity, EnqueueReason reason) {
  const bool put_back = reason == EnqueueReason::preempted || reason == EnqueueReason::yielded ||
                        reason == EnqueueReason::slice_used_up;
  const Level level = members_[index_of(entity)].level;
  Queue& in = at(queue);
  if (level != Level::fair) {
    in.urgent_present += put_back ? 0U : 1U;
    ++urgent_waiting_;
  }
  switch (level) {
    case Level::fair:
      if (!put_back && has_server() && in.server.until <= now()) {
        begin_server_period(in.server);
      }
      fair().enqueue(queue, entity, reason);
      break;
    case Level::real_time:
      real_time_.enqueue(queue, entity, reason, now());
      break;
    case Level::deadline:
      deadline_.enqueue(queue, entity, reason, now());
      break;
  }
}

void LinuxClasses::dequeue(QueueId queue, EntityId entity, DequeueReason reason) {
  const bool waited = real_time_.waits(entity) || deadline_.waits(entity);
  urgent_waiting_ -= waited ? 1U : 0U;
  switch (members_[index_of(entity)].level) {
    case Level::fair:
      fair().dequeue(queue, entity, reason);
      return;
    case Level::real_time:
      real_time_.dequeue(queue, entity);
      break;
    case Level::deadline:
      deadline_.dequeue(queue, entity);
      break;
  }
  --at(queue).urgent_present;
}

std::int64_t LinuxClasses::urgency_of(sim::Instant deadline) {
  return INT64_MAX - deadline.time_since_epoch().count();
}

std::int64_t LinuxClasses::urgency(EntityId entity) const {
  switch (members_[index_of(entity)].level) {
    case Level::real_time:
      return real_time_.priority(entity);
    case Level::deadline:
      return urgency_of(deadline_.deadline(entity));
    case Level::fair:
      break;
  }
  return 0;
}

/// The same for an entity on its queue, where fair ones may be served.
std::int64_t LinuxClasses::urgency_on(QueueId queue, EntityId entity) const {
  const Server& server = at(queue).server;
  return is_fair(entity) && server.active ? urgency_of(server.until) : urgency(entity);
}

std::int64_t LinuxClasses::urgency_of_first(QueueId queue) const {
  const Server& server = at(queue).server;
  std::int64_t first = -1;
  if (fair_->waiting(queue) > 0) {
    first = server.active ? urgency_of(server.until) : 0;
  }
  if (real_time_.waiting(queue) > 0 && !real_time_.throttled(queue)) {
    first = std::max(first, std::int64_t{real_time_.first_priority(queue)});
  }
  if (deadline_.waiting(queue) > 0) {
    first = std::max(first, urgency_of(deadline_.first_deadline(queue)));
  }
  return first;
}

bool LinuxClasses::is_outranked(QueueId queue, EntityId running) const {
  const bool stopped =
      members_[index_of(running)].level == Level::real_time && real_time_.throttled(queue);
  return stopped || urgency_of_first(queue) > urgency_on(queue, running);
}

Grant LinuxClasses::granted(QueueId queue, EntityId entity) const {
  // At least an instant: who was picked again with nothing left would be asked for ever.
  return {.entity = entity, .slice = std::max(slice_left(queue, entity), sim::Duration{1})};
}

std::optional<Grant> LinuxClasses::pick_next(QueueId queue) {
  Queue& from = at(queue);
  from.fair_runs = false;
  from.server.active = from.server.active && fair_->waiting(queue) > 0;
  const std::int64_t first = urgency_of_first(queue);
  if (first < 0) {
    return std::nullopt;
  }
  if (deadline_.waiting(queue) > 0 && urgency_of(deadline_.first_deadline(queue)) == first) {
    --urgent_waiting_;
    return granted(queue, deadline_.pick(queue));
  }
  if (first > 0 && first < RealTime::levels) {
    --urgent_waiting_;
    return granted(queue, real_time_.pick(queue));
  }
  from.fair_runs = true;
  const std::optional<Grant> grant = fair().pick_next(queue);
  return grant ? std::optional{granted(queue, grant->entity)} : std::nullopt;
}

void LinuxClasses::charge(QueueId queue, EntityId entity, sim::Duration ran) {
  switch (members_[index_of(entity)].level) {
    case Level::fair:
      fair().charge(queue, entity, ran);
      if (has_server()) {
        use_server(at(queue).server, ran);
      }
      break;
    case Level::real_time:
      real_time_.charge(queue, entity, ran, now());
      break;
    case Level::deadline:
      deadline_.charge(entity, ran);
      break;
  }
}

sim::Duration LinuxClasses::slice_left(QueueId queue, EntityId entity) const {
  if (is_outranked(queue, entity)) {
    return sim::Duration::zero();
  }
  switch (members_[index_of(entity)].level) {
    case Level::real_time:
      return real_time_.slice_left(queue, entity);
    case Level::deadline:
      return deadline_.slice_left(entity);
    case Level::fair:
      break;
  }
  const sim::Duration turn =
      fair_->waiting(queue) > 0 ? fair().slice_left(queue, entity) : no_limit;
  const Queue& in = at(queue);
  return in.server.active && in.urgent_present > 0 ? std::min(turn, in.server.budget) : turn;
}

bool LinuxClasses::preempts(QueueId queue, EntityId woken, EntityId running) const {
  if (!is_fair(woken) || !is_fair(running)) {
    const bool stopped = members_[index_of(woken)].level == Level::real_time
                             ? real_time_.throttled(queue)
                             : !is_fair(woken) && deadline_.throttled(woken);
    return !stopped && urgency_on(queue, woken) > urgency_on(queue, running);
  }
  return fair().preempts(queue, woken, running);
}

std::uint32_t LinuxClasses::waiting(QueueId queue) const {
  const std::uint32_t real_time = real_time_.throttled(queue) ? 0 : real_time_.waiting(queue);
  return fair_->waiting(queue) + real_time + deadline_.waiting(queue);
}

std::optional<EntityId> LinuxClasses::candidate_to_move(QueueId queue,
                                                        const MoveFilter& filter) const {
  return fair().candidate_to_move(queue, filter);
}

std::optional<EntityId> LinuxClasses::most_urgent(QueueId queue, const MoveFilter& filter) const {
  if (const auto found = deadline_.most_urgent(queue, filter)) {
    return found;
  }
  return real_time_.throttled(queue) ? std::nullopt : real_time_.most_urgent(queue, filter);
}

void LinuxClasses::set_weight(QueueId queue, EntityId entity, std::uint32_t weight) {
  fair().set_weight(queue, entity, weight);
}

void LinuxClasses::begin_job(EntityId entity, const Job& job) {
  fair().begin_job(entity, job);
}

bool LinuxClasses::stays_queued(QueueId queue, EntityId entity) const {
  return is_fair(entity) && fair().stays_queued(queue, entity);
}

/// The server waits until its budget just fits before the end of its period: fair entities that
/// starve get the last part of each period.
sim::Instant LinuxClasses::next_release(QueueId queue) const {
  const Queue& in = at(queue);
  if (in.urgent_present == 0) {
    return sim::Instant::max();
  }
  sim::Instant first = deadline_.released_at(queue);
  if (real_time_.throttled(queue) && real_time_.waiting(queue) > 0) {
    first = std::min(first, real_time_.released_at(queue));
  }
  const bool starve = !in.fair_runs && fair_->waiting(queue) > 0;
  if (has_server() && !in.server.active && starve) {
    first = std::min(first, std::max(now(), in.server.until - in.server.budget));
  }
  return first;
}

void LinuxClasses::release(QueueId queue) {
  Queue& in = at(queue);
  deadline_.release(queue, now());
  real_time_.release(queue, now());
  const bool starve = !in.fair_runs && fair_->waiting(queue) > 0;
  if (!has_server() || in.server.active || !starve) {
    return;
  }
  if (in.server.until <= now()) {
    begin_server_period(in.server);
  }
  in.server.active = in.server.until - in.server.budget <= now();
}

}  // namespace timeslice::models

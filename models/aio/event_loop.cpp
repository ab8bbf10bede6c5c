#include "models/aio/event_loop.hpp"

#include <algorithm>
#include <functional>
#include <utility>

#include "models/work/look_ahead.hpp"
#include "sim/expect.hpp"

namespace timeslice::models {

namespace {

constexpr sim::Duration millisecond = std::chrono::milliseconds{1};
constexpr std::size_t few_forgotten = 100;  // _MIN_SCHEDULED_TIMER_HANDLES of base_events.py
constexpr ItemId no_item{0xffffffffU};      // of the coroutine that asyncio.run got

std::uint32_t raw(CoroutineId id) {
  return static_cast<std::uint32_t>(id);
}

}  // namespace

/// `co_await Step{loop, id}`: lets the coroutine run until it leaves the loop to others.
class EventLoop::Step {
 public:
  Step(EventLoop& loop, CoroutineId id) : loop_{loop}, id_{id} {}
  [[nodiscard]] bool await_ready() const noexcept { return false; }
  /// False: the coroutine has left already, so the loop goes on at once. The stack does not grow
  /// with the number of steps: who is resumed by the dispatcher starts at its bottom.
  [[nodiscard]] bool await_suspend(std::coroutine_handle<> loop_at) const {
    EventLoop& loop = loop_;
    Coroutine& it = loop.coroutines_[index_of(id_)];
    if (it.at) {
      std::exchange(it.at, nullptr).resume();
    } else {
      it.program.start();
    }
    if (!loop.stepping_) {
      return false;
    }
    loop.loop_at_ = loop_at;
    return true;
  }
  void await_resume() const noexcept {}

 private:
  EventLoop& loop_;
  CoroutineId id_;
};

EventLoop::EventLoop(Context& world, LoopOwner& owner)
    : world_{world},
      owner_{owner},
      costs_{world.spec.runtime.event_loop == LoopKind::uvloop ? as_uvloop(world.costs().loop)
                                                               : world.costs().loop} {}

std::coroutine_handle<> EventLoop::leave_coroutine(std::coroutine_handle<> at) {
  Coroutine& it = coroutines_[index_of(current_)];
  it.at = at;
  it.place = actor_->place;
  stepping_ = false;
  return loop_at_ ? std::exchange(loop_at_, nullptr)
                  : std::coroutine_handle<>{std::noop_coroutine()};
}

CoroutineId EventLoop::add(ItemId item) {
  CoroutineId id{static_cast<std::uint32_t>(coroutines_.size())};
  if (free_.empty()) {
    coroutines_.emplace_back();
  } else {
    id = free_.back();
    free_.pop_back();
  }
  coroutines_[index_of(id)].item = item;
  if (item != no_item) {
    world_.items.item(item).coroutine = raw(id);
  }
  ++live_;
  push({.call = Call::step, .who = raw(id)});
  return id;
}

void EventLoop::retire(CoroutineId id) {
  coroutines_[index_of(id)] = {};
  free_.push_back(id);
  --live_;
  if (root_awaits_rest_ && live_ == 1) {
    root_awaits_rest_ = false;
    push({.call = Call::step, .who = raw(root_)});
  }
}

void EventLoop::record(TraceKind kind, std::uint32_t cause, std::uint64_t value) {
  world_.trace.record({.time_ns = world_.now().time_since_epoch().count(),
                       .kind = static_cast<std::uint16_t>(kind),
                       .cpu = no_cpu,
                       .subject = static_cast<std::uint32_t>(actor_->thread),
                       .object = static_cast<std::uint32_t>(owner_.index()),
                       .cause = cause,
                       .value = value});
}

sim::Process<> EventLoop::run(Actor& actor, BatchId batch) {
  const Place* outside = actor.place;
  const sim::Duration half = costs().loop_run / 2;
  co_await bytecode(actor, half);
  actor_ = &actor;
  actor.loop = this;
  stopping_ = false;
  root_ = add(no_item);
  coroutines_[index_of(root_)].program = root_main(batch);
  while (!stopping_) {
    co_await turn();
  }
  actor.loop = nullptr;
  actor.place = outside;
  co_await bytecode(actor, half);
}

sim::Process<> EventLoop::run_forever(Actor& actor) {
  actor_ = &actor;
  actor.loop = this;
  if (awaits_start_ != no_subject) {
    const ThreadId waiting{std::exchange(awaits_start_, no_subject)};
    co_await wake(actor, waiting);
  }
  while (!stopping_ || live_ > 0 || !ready_.empty()) {
    co_await turn();
  }
  actor.loop = nullptr;
}

sim::Process<> EventLoop::await_start(Actor& who) {
  if (actor_ != nullptr) {
    co_return;
  }
  if (!quick_leave(who)) {
    co_await leave(who);
  }
  const WaitCause cause{.what = WaitFor::condition,
                        .object = static_cast<std::uint32_t>(owner_.index())};
  while (actor_ == nullptr) {
    awaits_start_ = static_cast<std::uint32_t>(who.thread);
    co_await world_.os.block(who.thread, cause);
  }
  if (!quick_enter(who)) {
    co_await enter(who);
  }
}

sim::Process<> EventLoop::turn() {
  co_await poll();
  take_timers();
  const std::size_t due = ready_.size();
  record(TraceKind::loop_turn, no_subject, due);
  for (std::size_t i = 0; i < due; ++i) {
    const Callback callback = ready_.pop();
    co_await call(callback);
  }
}

/// The kernel's part is an event even where it costs nothing: the run's limits then see a loop that
/// turns for ever.
sim::Process<> EventLoop::poll() {
  co_await bytecode(*actor_, costs().turn, Code::loop_turn);
  const bool alone = quick_leave(*actor_);
  if (!alone) {
    co_await leave(*actor_);
  }
  const Work entry{.kind = WorkKind::kernel,
                   .nominal_ns = static_cast<double>(world_.os_costs().syscall.count())};
  co_await world_.os.run(actor_->thread, entry);
  drop_forgotten();
  if (ready_.empty()) {
    co_await wait_for_events();
  }
  take_events();
  if (!alone) {
    co_await return_to_user(*actor_);
  }
  if (!quick_enter(*actor_)) {
    co_await enter(*actor_);
  }
}

bool EventLoop::has_event() const {
  return wakeup_bytes_ > 0 || (!devices_.empty() && devices_.front().when <= world_.now());
}

/// Of epoll: whole milliseconds, rounded up. The kernel's own slack is the thread's or a thousandth
/// of the time-out, whichever is more, at most 100 ms (fs/select.c: select_estimate_accuracy).
sim::Duration EventLoop::poll_timeout() const {
  const sim::Duration left = std::max(timers_.front().when - world_.now(), sim::Duration::zero());
  const sim::Duration rounded = (left + millisecond - sim::Duration{1}) / millisecond * millisecond;
  const sim::Duration slack = world_.spec.os.timer_slack;
  if (slack == sim::Duration::zero()) {
    return rounded;
  }
  const sim::Duration most = std::chrono::milliseconds{100};
  return rounded + std::max(std::min(rounded / 1000, most) - slack, sim::Duration::zero());
}

sim::Process<> EventLoop::wait_for_events() {
  const bool timed = !timers_.empty();
  const sim::Instant deadline = timed ? world_.now() + poll_timeout() : sim::Instant::max();
  const WaitCause for_timer{.what = WaitFor::sleep, .object = 0};
  const WaitCause for_event{.what = WaitFor::select,
                            .object = static_cast<std::uint32_t>(owner_.index())};
  if (timed) {
    const sim::Duration timer = world_.os.timer_cost(deadline - world_.now());
    co_await kernel(*actor_, timer);
  }
  in_select_ = true;
  announce_rest(*actor_);
  while (!has_event() && world_.now() < deadline) {
    if (!devices_.empty() && devices_.front().when <= deadline) {
      const sim::Duration left = devices_.front().when - world_.now();
      static_cast<void>(co_await world_.os.wait_for_device(actor_->thread, left));
    } else if (timed) {
      const sim::Duration left = deadline - world_.now();
      static_cast<void>(co_await world_.os.block_for(actor_->thread, left, for_timer));
    } else {
      co_await world_.os.block(actor_->thread, for_event);
    }
  }
  in_select_ = false;
}

void EventLoop::take_events() {
  if (wakeup_bytes_ > 0) {
    push({.call = Call::self_pipe});
  }
  while (!devices_.empty() && devices_.front().when <= world_.now()) {
    std::ranges::pop_heap(devices_, std::greater{});
    const Timer device = devices_.back();
    devices_.pop_back();
    if (forgotten_.erase(device.sequence) == 0) {
      push({.call = Call::io, .who = device.who, .handle = device.sequence});
    }
  }
}

void EventLoop::take_timers() {
  while (!timers_.empty() && timers_.front().when <= world_.now()) {
    std::ranges::pop_heap(timers_, std::greater{});
    const Timer timer = timers_.back();
    timers_.pop_back();
    if (forgotten_.erase(timer.sequence) == 0) {
      push({.call = timer.call, .who = timer.who, .handle = timer.sequence});
    }
  }
}

void EventLoop::wake_after(sim::Duration duration) {
  if (duration <= sim::Duration::zero()) {
    push({.call = Call::step, .who = raw(current_)});
    return;
  }
  Coroutine& it = coroutines_[index_of(current_)];
  it.waits = Waits::timer;
  it.handle = add_timer(timers_, Call::timer, duration);
}

void EventLoop::wake_by_device(sim::Duration duration) {
  Coroutine& it = coroutines_[index_of(current_)];
  it.waits = Waits::device;
  it.handle = add_timer(devices_, Call::io, duration);
}

std::uint64_t EventLoop::add_timer(std::vector<Timer>& heap, Call call, sim::Duration after) {
  const std::uint64_t handle = ++sequence_;
  heap.push_back(
      {.when = world_.now() + after, .sequence = handle, .who = raw(current_), .call = call});
  std::ranges::push_heap(heap, std::greater{});
  return handle;
}

/// Cancelled timers stay in the heap until they are its first, or half of it (_run_once).
void EventLoop::drop_forgotten() {
  if (forgotten_.empty()) {
    return;
  }
  const auto is_forgotten = [this](const Timer& it) { return forgotten_.contains(it.sequence); };
  const bool many =
      forgotten_.size() > few_forgotten && 2 * forgotten_.size() > timers_.size() + devices_.size();
  for (std::vector<Timer>* heap : {&timers_, &devices_}) {
    if (many) {
      std::erase_if(*heap, is_forgotten);
      std::ranges::make_heap(*heap, std::greater{});
    }
    while (!heap->empty() && is_forgotten(heap->front())) {
      std::ranges::pop_heap(*heap, std::greater{});
      forgotten_.erase(heap->back().sequence);
      heap->pop_back();
    }
  }
  if (many) {
    forgotten_.clear();
  }
}

void EventLoop::go_on(std::uint32_t who) {
  coroutines_[who].waits = Waits::nothing;
  push({.call = Call::step, .who = who});
}

sim::Process<> EventLoop::call(Callback callback) {
  switch (callback.call) {
    case Call::step:
      co_await step(CoroutineId{callback.who});
      break;
    case Call::timer:
      co_await bytecode(*actor_, costs().timer_fire, Code::loop_timer);
      if (coroutines_[callback.who].handle == callback.handle) {
        go_on(callback.who);
      }
      break;
    case Call::deadline:
      co_await expire(callback);
      break;
    case Call::io:
      co_await bytecode(*actor_, costs().io_end, Code::loop_io);
      if (coroutines_[callback.who].handle == callback.handle) {
        go_on(callback.who);
      }
      break;
    case Call::child: {
      const sim::Duration cost = costs().callback + costs().gather_child / 2;
      co_await bytecode(*actor_, cost, Code::loop_child);
      if (--callback.wait->left == 0 && !callback.wait->abandoned) {
        go_on(callback.who);
      }
      break;
    }
    case Call::result: {
      const sim::Duration cost = costs().callback + costs().take_result;
      co_await bytecode(*actor_, cost, Code::loop_result);
      if (callback.wait->item != AsyncWait::all) {
        if (!callback.wait->abandoned) {
          go_on(callback.who);
        }
      } else {
        push({.call = Call::child, .who = callback.who, .wait = callback.wait});
      }
      break;
    }
    case Call::self_pipe:
      co_await read_self_pipe();
      break;
    case Call::spawn:
      co_await bytecode(*actor_, costs().create_task, Code::loop_task);
      static_cast<void>(add(ItemId{callback.who}));
      break;
    case Call::publish: {
      const sim::Duration cost = costs().callback + costs().take_result;
      co_await bytecode(*actor_, cost, Code::loop_result);
      co_await owner_.deliver(*actor_, ItemId{callback.who});
      break;
    }
    case Call::stop:
      co_await bytecode(*actor_, costs().callback, Code::loop_child);
      stopping_ = true;
      break;
  }
}

sim::Process<> EventLoop::step(CoroutineId id) {
  Coroutine& it = coroutines_[index_of(id)];
  const bool first = !it.at;
  const sim::Duration cost = first ? costs().step : costs().callback + costs().step;
  co_await bytecode(*actor_, cost, Code::loop_step);
  if (first && !it.program.valid()) {
    it.program = item_main(id);
  }
  record(TraceKind::coroutine_resumed, no_subject, raw(id));
  current_ = id;
  stepping_ = true;
  ended_ = false;
  actor_->cancelled = std::exchange(it.must_cancel, false);
  actor_->place = it.place;
  co_await Step{*this, id};
  actor_->place = nullptr;
  record(TraceKind::coroutine_left, ended_ ? 1 : 0, raw(id));
  if (ended_) {
    retire(id);
  }
}

/// Two calls of recv, the second in vain; each drops the GIL and takes it again.
sim::Process<> EventLoop::read_self_pipe() {
  const sim::Duration cost = costs().callback + costs().self_pipe;
  co_await bytecode(*actor_, cost, Code::loop_wake);
  for (const bool data : {true, false}) {
    if (!quick_leave(*actor_)) {
      co_await leave(*actor_);
    }
    const sim::Duration call = data ? world_.os_costs().pipe_message : world_.os_costs().syscall;
    co_await kernel(*actor_, call);
    wakeup_bytes_ = 0;
    if (!quick_enter(*actor_)) {
      co_await enter(*actor_);
    }
  }
}

sim::Process<> EventLoop::item_main(CoroutineId id) {
  const ItemId item = coroutines_[index_of(id)].item;
  if (!actor_->cancelled) {
    co_await owner_.work(*actor_, item);
  }
  actor_->cancelled = false;
  const Batch& batch = world_.items.batch_of(item);
  if (batch.from_thread) {
    push({.call = Call::publish, .who = static_cast<std::uint32_t>(item)});
  } else {
    co_await owner_.deliver(*actor_, item);
  }
  ended_ = true;
  co_await suspend();
}

sim::Process<> EventLoop::root_main(BatchId batch) {
  co_await gather(batch);
  if (live_ > 1) {
    root_awaits_rest_ = true;
    co_await suspend();
  }
  push({.call = Call::stop});
  ended_ = true;
  co_await suspend();
}

sim::Process<> EventLoop::create_tasks(BatchId batch, sim::Duration extra) {
  const std::uint32_t count = world_.items.batch(batch).count;
  const sim::Duration cost = costs().create_task + extra;
  for (std::uint32_t offset = 0; offset < count; ++offset) {
    const ItemId item = item_of(world_.items.batch(batch), offset);
    owner_.note(*actor_, item);
    co_await bytecode(*actor_, cost, Code::loop_task);
    static_cast<void>(add(item));
  }
}

sim::Process<> EventLoop::gather(BatchId batch) {
  const std::uint32_t count = world_.items.batch(batch).count;
  if (count == 0) {
    co_return;
  }
  AsyncWait wait{.loop = this, .who = current_, .item = AsyncWait::all, .left = count};
  world_.items.batch(batch).awaits.push_back(&wait);
  const sim::Duration half = costs().gather_child / 2;
  co_await create_tasks(batch, half);
  wait_for_tasks(batch, AsyncWait::all);
  co_await suspend();
  sim::expect(wait.left == 0, "a gather goes on when its last child is done");
}

sim::Process<> EventLoop::call_from_thread(Actor& who, Callback callback, sim::Duration cost) {
  co_await bytecode(who, cost, Code::loop_call);
  push(callback);
  if (!quick_leave(who)) {
    co_await leave(who);
  }
  const sim::Duration send = world_.os_costs().pipe_message;
  co_await kernel(who, send);
  ++wakeup_bytes_;
  if (in_select_) {
    co_await wake(who, actor_->thread);
  }
  if (!quick_enter(who)) {
    co_await enter(who);
  }
}

sim::Process<> tell(Actor& finisher, AsyncWait& wait) {
  EventLoop& loop = *wait.loop;
  const auto who = static_cast<std::uint32_t>(wait.who);
  const bool one = wait.item != AsyncWait::all;
  if (finisher.loop == &loop) {
    if (wait.abandoned) {
      co_return;
    }
    if (one) {
      loop.go_on(who);
    } else {
      loop.push({.call = EventLoop::Call::child, .who = who, .wait = &wait});
    }
    co_return;
  }
  const EventLoop::Callback result{.call = EventLoop::Call::result, .who = who, .wait = &wait};
  const sim::Duration cost = loop.costs().thread_result;
  co_await loop.call_from_thread(finisher, result, cost);
}

}  // namespace timeslice::models

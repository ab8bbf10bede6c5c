// The table of keys: steps. A step's first key names it; the rest are its arguments.

#include <array>

#include "scenarios/format/keys.hpp"

namespace timeslice::scenarios {
namespace {

constexpr double max_items = 1e7;   // of a map or submit
constexpr double max_repeat = 1e9;  // turns of one `repeat`
constexpr std::array<Choice, 1> step_chunk_words{{{.word = "auto"}}};

constexpr std::string_view uses_doc = "what it does to caches, memory and core besides taking time";
constexpr std::array<Key, 3> python_keys{{
    {.name = "python",
     .type = Type::distribution,
     .required = true,
     .doc = "bytecode; needs the GIL"},
    {.name = "shared",
     .type = Type::number,
     .high = 1,
     .fallback = "0",
     .doc = "share of it that touches objects which other threads touch as well: felt without a "
            "GIL, where they queue for each other's reference counts and locks"},
    {.name = "uses", .type = Type::section, .section = "uses", .doc = uses_doc},
}};
constexpr std::array<Key, 3> native_keys{{
    {.name = "native",
     .type = Type::distribution,
     .required = true,
     .doc = "CPU work in C, without the GIL"},
    {.name = "holds_gil", .type = Type::boolean, .fallback = "off", .doc = "C code that keeps it"},
    {.name = "uses", .type = Type::section, .section = "uses", .doc = uses_doc},
}};
constexpr std::array<Key, 1> io_keys{{
    {.name = "io",
     .type = Type::distribution,
     .required = true,
     .doc = "a blocking wait off the CPU, GIL released",
     .map_later = "devices are not modelled in this version: write the time, as in `io: 5ms`"},
}};
constexpr std::array<Key, 1> sleep_keys{{
    {.name = "sleep",
     .type = Type::distribution,
     .required = true,
     .doc = "a timer, with slack and wake-up latency"},
}};
constexpr std::array<Key, 1> yield_keys{{
    {.name = "yield",
     .type = Type::section,
     .section = "yield",
     .required = true,
     .doc = "gives way to others that are ready (sched_yield); Python drops the GIL from 3.10 on"},
}};
constexpr std::array<Key, 1> nice_keys{{
    {.name = "nice",
     .type = Type::number,
     .low = -20,
     .high = 19,
     .required = true,
     .doc = "the nice level of this thread from here on, and of what it creates later"},
}};
constexpr std::array<Key, 1> call_keys{{
    {.name = "call", .type = Type::text, .required = true, .doc = "runs that task inline"},
}};
constexpr std::array<Choice, 2> with_modes{{
    {.word = "write", .doc = "nobody else is in"},
    {.word = "read", .doc = "of a rwlock: beside others who read"},
}};
constexpr std::array<Key, 3> with_keys{{
    {.name = "with",
     .type = Type::text,
     .required = true,
     .doc = "takes this mutex, semaphore or rwlock ..."},
    {.name = "mode",
     .type = Type::choice,
     .choices = with_modes,
     .fallback = "write",
     .doc = "of a rwlock"},
    {.name = "do", .type = Type::steps, .required = true, .doc = "... for these steps"},
}};
constexpr std::array<Key, 2> repeat_step_keys{{
    {.name = "repeat",
     .type = Type::count,
     .high = max_repeat,
     .limit = true,
     .required = true,
     .doc = "so many times ..."},
    {.name = "do", .type = Type::steps, .required = true, .doc = "... these steps"},
}};
constexpr std::array<Key, 1> choose_keys{{
    {.name = "choose",
     .type = Type::sections,
     .section = "choice",
     .required = true,
     .doc = "one branch at random; what the probabilities leave of 1 does nothing"},
}};
constexpr std::array<Key, 2> choice_keys{{
    {.name = "p", .type = Type::number, .high = 1, .required = true, .doc = "its probability"},
    {.name = "do", .type = Type::steps, .required = true, .doc = "its steps"},
}};
constexpr Key task_key{
    .name = "task", .type = Type::text, .required = true, .doc = "what to do with each item"};
constexpr Key items_key{.name = "items",
                        .type = Type::count,
                        .high = max_items,
                        .limit = true,
                        .required = true,
                        .doc = "how many items"};
constexpr std::array<Key, 4> map_arguments{{
    task_key,
    items_key,
    {.name = "executor", .type = Type::text, .required = true, .doc = "who does it"},
    {.name = "chunksize",
     .type = Type::count,
     .choices = step_chunk_words,
     .low = 1,
     .high = max_items,
     .fallback = "as the executor says",
     .doc = "items handed over together"},
}};
constexpr std::array<Key, 4> imap_arguments{{
    task_key,
    items_key,
    {.name = "executor", .type = Type::text, .required = true, .doc = "of kind processes"},
    {.name = "chunksize",
     .type = Type::count,
     .low = 1,
     .high = max_items,
     .fallback = "the executor's, else 1",
     .doc = "items handed over together"},
}};
constexpr std::array<Key, 3> kill_arguments{{
    {.name = "executor",
     .type = Type::text,
     .required = true,
     .doc = "of kind processes or process-executor"},
    {.name = "worker",
     .type = Type::count,
     .high = 65'535,
     .fallback = "0",
     .doc = "which one of those alive then, in the order of their start, from 0"},
    {.name = "at", .type = Type::duration, .required = true, .doc = "since main's first step"},
}};
constexpr std::array<Key, 4> submit_arguments{{
    task_key,
    {.name = "executor", .type = Type::text, .required = true, .doc = "who does it"},
    {.name = "items",
     .type = Type::count,
     .high = max_items,
     .limit = true,
     .fallback = "1",
     .doc = "how many items"},
    {.name = "as", .type = Type::text, .required = true, .doc = "the name for `join`"},
}};
constexpr std::array<Key, 7> periodic_arguments{{
    {.name = "task", .type = Type::text, .required = true, .doc = "what each job does"},
    {.name = "every",
     .type = Type::distribution,
     .required = true,
     .doc = "from one release to the next; a distribution makes a sporadic task, whose period is "
            "the least separation that can be drawn (the mean, if that is 0)"},
    {.name = "deadline",
     .type = Type::duration,
     .low = 1,
     .fallback = "the period",
     .doc = "after the release; a job that ends later is a miss, and goes on"},
    {.name = "offset", .type = Type::duration, .fallback = "0", .doc = "of the first release"},
    {.name = "priority",
     .type = Type::count,
     .low = 1,
     .high = 99,
     .fallback = "1",
     .doc = "for policy priority: less is more urgent, and all come before other threads"},
    {.name = "for",
     .type = Type::duration,
     .low = 1,
     .required = true,
     .doc = "jobs are released before this much time has passed; main waits for the last one"},
    {.name = "pin",
     .type = Type::counts,
     .high = 65'535,
     .fallback = "all",
     .doc = "the CPUs that its thread may use: one each is partitioned scheduling"},
}};
constexpr std::array<Key, 1> map_keys{{
    {.name = "map",
     .type = Type::section,
     .section = "map",
     .required = true,
     .doc = "hands all items over and waits for them"},
}};
constexpr std::array<Key, 1> starmap_keys{{
    {.name = "starmap", .type = Type::section, .section = "map", .required = true, .doc = "as map"},
}};
constexpr std::array<Key, 1> submit_keys{{
    {.name = "submit",
     .type = Type::section,
     .section = "submit",
     .required = true,
     .doc = "hands items over and goes on"},
}};
constexpr std::array<Key, 1> join_keys{{
    {.name = "join",
     .type = Type::text,
     .required = true,
     .doc = "waits for everything submitted under that name so far"},
}};

template <std::size_t N>
constexpr Key later_key(const char (&name)[N], std::string_view why) {
  return {.name = {name, N - 1}, .type = Type::text, .later = why};
}

constexpr std::array<Key, 1> work_keys{{
    {.name = "work",
     .type = Type::section,
     .section = "work",
     .required = true,
     .doc = "instructions x cycles an instruction / clock: CPU work in C, as `native`"},
}};
constexpr std::array<Key, 1> memory_step_keys{{
    {.name = "memory",
     .type = Type::section,
     .section = "touch",
     .required = true,
     .doc = "walks over memory, without the GIL: as fast as caches and memory allow"},
}};
constexpr std::array<Choice, 2> atomic_kinds{{
    {.word = "add", .doc = "atomic read-modify-write"},
    {.word = "store", .doc = "plain stores: false sharing"},
}};
constexpr std::array<Key, 3> atomic_keys{{
    {.name = "atomic",
     .type = Type::count,
     .high = 1e12,
     .limit = true,
     .required = true,
     .doc = "so many operations on one cache line, without the GIL ..."},
    {.name = "line",
     .type = Type::text,
     .required = true,
     .doc = "... of this name, which all threads that name it fight for"},
    {.name = "kind",
     .type = Type::choice,
     .choices = atomic_kinds,
     .fallback = "add",
     .doc = "of them"},
}};
constexpr std::array<Key, 1> await_keys{{
    {.name = "await",
     .type = Type::section,
     .section = "await",
     .required = true,
     .doc = "what a coroutine waits for while its event loop runs others"},
}};
constexpr std::array<Key, 4> await_arguments{{
    {.name = "io",
     .type = Type::distribution,
     .doc = "a file descriptor that becomes readable after this time"},
    {.name = "sleep", .type = Type::distribution, .doc = "asyncio.sleep; 0 lets others go first"},
    {.name = "task",
     .type = Type::text,
     .doc = "this task as a coroutine, at once and in the same one; or with `executor` ..."},
    {.name = "executor",
     .type = Type::text,
     .doc = "... run_in_executor (to_thread is one of kind threads); the loop's own name means "
            "create_task"},
}};
constexpr std::array<Key, 3> gather_arguments{{
    task_key,
    items_key,
    {.name = "executor",
     .type = Type::text,
     .fallback = "the coroutine's own loop",
     .doc = "from main: the event loop; in a coroutine also threads (run_in_executor)"},
}};
constexpr std::array<Key, 1> put_keys{{{.name = "put",
                                        .type = Type::text,
                                        .required = true,
                                        .doc = "into this queue; waits while it is full"}}};
constexpr std::array<Key, 1> get_keys{{{.name = "get",
                                        .type = Type::text,
                                        .required = true,
                                        .doc = "from this queue; waits while it is empty"}}};
constexpr std::array<Key, 1> barrier_keys{{{.name = "barrier",
                                            .type = Type::text,
                                            .required = true,
                                            .doc = "waits there until all its parties have come"}}};
constexpr std::array<Key, 1> set_keys{{{.name = "set",
                                        .type = Type::text,
                                        .required = true,
                                        .doc = "this event: whoever waits for it goes on"}}};
constexpr std::array<Key, 1> wait_keys{
    {{.name = "wait", .type = Type::text, .required = true, .doc = "until this event is set"}}};
constexpr std::array<Key, 1> imap_keys{{
    {.name = "imap",
     .type = Type::section,
     .section = "imap",
     .required = true,
     .doc = "reads results one after the other, in order, while items are still handed over"},
}};
constexpr std::array<Key, 1> imap_unordered_keys{{
    {.name = "imap_unordered",
     .type = Type::section,
     .section = "imap",
     .required = true,
     .doc = "as imap, in the order in which results come"},
}};
constexpr std::array<Key, 1> gather_keys{{
    {.name = "gather",
     .type = Type::section,
     .section = "gather",
     .required = true,
     .doc = "asyncio.gather: a task of an event loop for each item, waits for all"},
}};
constexpr std::array<Key, 1> serve_keys{
    {later_key("serve", "open load is not modelled in this version")}};
constexpr std::array<Key, 1> periodic_keys{{
    {.name = "periodic",
     .type = Type::section,
     .section = "periodic",
     .required = true,
     .doc = "starts a real-time task on a thread of its own and goes on; in main only"},
}};
constexpr std::array<Key, 1> graph_keys{
    {later_key("graph", "task graphs are not modelled in this version")}};
constexpr std::array<Key, 1> kill_keys{{
    {.name = "kill",
     .type = Type::section,
     .section = "kill",
     .required = true,
     .doc = "somebody kills a worker process at some time; main goes on at once; in main only"},
}};
constexpr std::array<Key, 2> timeout_keys{{
    {.name = "timeout",
     .type = Type::distribution,
     .required = true,
     .doc = "after this time a coroutine gives up ..."},
    {.name = "do",
     .type = Type::steps,
     .required = true,
     .doc = "... these steps, where they await, and goes on behind them (asyncio.timeout)"},
}};

constexpr std::array<Section, 31> steps{{
    {"python", "", python_keys},
    {"native", "", native_keys},
    {"io", "", io_keys},
    {"sleep", "", sleep_keys},
    {"yield", "", yield_keys},
    {"nice", "", nice_keys},
    {"call", "", call_keys},
    {"with", "", with_keys},
    {"repeat", "", repeat_step_keys},
    {"choose", "", choose_keys},
    {"map", "", map_keys},
    {"starmap", "", starmap_keys},
    {"submit", "", submit_keys},
    {"join", "", join_keys},
    {"work", "", work_keys},
    {"memory", "", memory_step_keys},
    {"atomic", "", atomic_keys},
    {"await", "", await_keys},
    {"put", "", put_keys},
    {"get", "", get_keys},
    {"barrier", "", barrier_keys},
    {"set", "", set_keys},
    {"wait", "", wait_keys},
    {"imap", "", imap_keys},
    {"imap_unordered", "", imap_unordered_keys},
    {"gather", "", gather_keys},
    {"serve", "", serve_keys},
    {"periodic", "", periodic_keys},
    {"graph", "", graph_keys},
    {"kill", "", kill_keys},
    {"timeout", "", timeout_keys},
}};

constexpr std::array<Section, 9> arguments{{
    {"choice", "A branch of `choose`.", choice_keys},
    {"map", "Arguments of `map` and `starmap`.", map_arguments},
    {"imap", "Arguments of `imap` and `imap_unordered`.", imap_arguments},
    {"kill", "Arguments of `kill`.", kill_arguments},
    {"submit", "Arguments of `submit`.", submit_arguments},
    {"await", "Arguments of `await`: one of `io`, `sleep` and `task`.", await_arguments},
    {"gather", "Arguments of `gather`.", gather_arguments},
    {"yield", "`yield` has no arguments.", {}},
    {"periodic",
     "Arguments of `periodic`. Steps that follow one another start together, when all their "
     "threads "
     "are there. Of equally urgent tasks the one that main names first runs.",
     periodic_arguments},
}};

}  // namespace

std::span<const Section> all_steps() {
  return steps;
}
std::span<const Section> step_argument_sections() {
  return arguments;
}

}  // namespace timeslice::scenarios

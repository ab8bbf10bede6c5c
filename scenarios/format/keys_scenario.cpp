// The table of keys: the scenario itself, its locks, executors, background programs.

#include <array>

#include "scenarios/format/keys.hpp"

namespace timeslice::scenarios {
namespace {

constexpr std::array<Choice, 11> executor_kinds{{
    {.word = "serial", .doc = "the calling thread runs the items itself, one after the other"},
    {.word = "threads", .doc = "concurrent.futures.ThreadPoolExecutor"},
    {.word = "thread-per-task", .doc = "a threading.Thread for every item"},
    {.word = "processes", .doc = "multiprocessing.Pool"},
    {.word = "process-per-task", .doc = "a multiprocessing.Process for every item"},
    {.word = "cpp-threads", .doc = "C++ workers on one shared queue"},
    {.word = "cpp-async", .doc = "std::async: a C++ thread for every item"},
    {.word = "asyncio",
     .doc = "event loops: without `workers` one in main, which gathers in it (asyncio.run); with "
            "`workers: N` one in each of N threads"},
    {.word = "process-executor", .doc = "concurrent.futures.ProcessPoolExecutor"},
    {.word = "interpreters",
     .doc = "concurrent.futures.InterpreterPoolExecutor, from CPython 3.14 on"},
    {.word = "cpp-tbb", .later = "work stealing is not modelled in this version"},
}};

constexpr std::array<Choice, 6> lock_kinds{{
    {.word = "mutex", .doc = "one holder at a time"},
    {.word = "rwlock", .doc = "one writer, or any number of readers (`with` and `mode: read`)"},
    {.word = "semaphore", .doc = "`value` holders at a time"},
    {.word = "barrier", .doc = "whoever comes waits until `parties` are there"},
    {.word = "queue", .doc = "holds what is `put` until it is `got`, `capacity` at most"},
    {.word = "event", .doc = "once it is `set`, nobody has to `wait` any more"},
}};

constexpr std::array<Choice, 2> lock_scopes{{
    {.word = "thread", .doc = "threading.Lock: one process"},
    {.word = "process", .doc = "multiprocessing.Lock: shared by processes"},
}};

constexpr std::array<Choice, 2> worker_words{{
    {.word = "default", .doc = "what the executor takes when nobody says: by kind and Python"},
    {.word = "cores", .doc = "one a CPU of the machine"},
}};

constexpr std::array<Choice, 4> start_methods{{
    {.word = "default", .doc = "what this Python version takes on this platform"},
    {.word = "fork"},
    {.word = "spawn"},
    {.word = "forkserver"},
}};

constexpr std::array<Choice, 1> chunk_words{{
    {.word = "auto", .doc = "the formula of multiprocessing.Pool"},
}};

constexpr std::array<Choice, 3> pin_words{{
    {.word = "none", .doc = "the scheduler decides"},
    {.word = "cores-first", .doc = "one worker a core, then the siblings"},
    {.word = "siblings-first", .doc = "both siblings of a core, then the next core"},
}};

constexpr std::array<Choice, 2> codecs{{
    {.word = "pickle5", .doc = "pickled, protocol 5, through the pool's pipe"},
    {.word = "shared-memory",
     .doc = "copied into a block of multiprocessing.shared_memory; its name travels"},
}};

constexpr std::array<Choice, 2> create_words{{{.word = "first-use"}, {.word = "start"}}};
constexpr std::array<Choice, 2> shutdown_words{{
    {.word = "join", .doc = "waits for the workers"},
    {.word = "terminate", .doc = "what leaving `with Pool()` does"},
}};
constexpr std::array<Choice, 1> runtime_words{{
    {.word = "none", .doc = "no Python: a C++ program"},
}};

constexpr std::array<Key, 19> scenario_keys{{
    {.name = "timeslice",
     .type = Type::count,
     .low = 1,
     .high = 1,
     .required = true,
     .doc = "format version, 1"},
    {.name = "name", .type = Type::text, .fallback = "the file's name", .doc = "short name"},
    {.name = "about", .type = Type::text, .doc = "what this scenario asks"},
    {.name = "extends", .type = Type::text, .doc = "another scenario file, laid under this one"},
    {.name = "machine",
     .type = Type::machine,
     .section = "machine",
     .required = true,
     .doc = "a preset's name, a path to .yaml or hwloc .xml, ideal-N, `host`, or a map"},
    {.name = "os", .type = Type::section, .section = "os", .doc = "who schedules"},
    {.name = "runtime",
     .type = Type::section,
     .section = "runtime",
     .choices = runtime_words,
     .doc = "which Python, or `none`"},
    {.name = "measured_on",
     .type = Type::section,
     .section = "measured_on",
     .fallback = "the scenario's own machine and runtime",
     .doc = "where the durations were measured"},
    {.name = "locks", .type = Type::named, .section = "lock", .doc = "locks, by name"},
    {.name = "tasks", .type = Type::tasks, .doc = "tasks by name, each a list of steps"},
    {.name = "executors", .type = Type::named, .section = "executor", .doc = "executors, by name"},
    {.name = "main",
     .type = Type::steps,
     .required = true,
     .doc = "what the main thread does, in order"},
    {.name = "background",
     .type = Type::sections,
     .section = "background",
     .doc = "other programs on the machine; nobody waits for them"},
    {.name = "params", .type = Type::scalars, .doc = "values for `${name}`"},
    {.name = "matrix",
     .type = Type::axes,
     .doc = "the sweep: every combination of these lists; `skip` and `add` are reserved"},
    {.name = "variants", .type = Type::changes, .doc = "named what-ifs, laid over the scenario"},
    {.name = "repeat",
     .type = Type::count,
     .section = "repeat",
     .low = 1,
     .high = 1e6,
     .limit = true,
     .fallback = "1",
     .doc = "replications of a point"},
    {.name = "seed", .type = Type::count, .fallback = "1", .doc = "seed of all draws"},
    {.name = "expect", .type = Type::texts, .doc = "claims that `run` checks"},
}};

constexpr std::array<Key, 3> repeat_keys{{
    {.name = "until",
     .type = Type::text,
     .required = true,
     .doc = "how well the makespan is to be known: half the 95 % interval of its mean, as `2%`"},
    {.name = "max",
     .type = Type::count,
     .low = 2,
     .high = 10'000,
     .limit = true,
     .fallback = "100",
     .doc = "replications after which it is given up, with a warning"},
    {.name = "min",
     .type = Type::count,
     .low = 2,
     .high = 10'000,
     .limit = true,
     .fallback = "5",
     .doc = "replications before the first look; then at 5 of 4 times as many"},
}};

constexpr std::array<Key, 2> measured_on_keys{{
    {.name = "machine", .type = Type::text, .doc = "a machine, as the scenario's key takes it"},
    {.name = "python", .type = Type::version, .doc = "a Python version"},
}};

constexpr std::array<Choice, 6> class_words{{
    {.word = "normal", .doc = "SCHED_OTHER"},
    {.word = "batch", .doc = "never preempts when it wakes up"},
    {.word = "idle", .doc = "weight 3; every other thread preempts it"},
    {.word = "fifo", .doc = "real-time: runs until it waits or somebody more urgent comes"},
    {.word = "rr", .doc = "real-time: turns among equals"},
    {.word = "deadline", .doc = "reserves `runtime` in each `period`"},
}};

constexpr std::array<Key, 6> lock_keys{{
    {.name = "kind",
     .type = Type::choice,
     .choices = lock_kinds,
     .fallback = "mutex",
     .doc = "what it does"},
    {.name = "scope",
     .type = Type::choice,
     .choices = lock_scopes,
     .fallback = "thread",
     .doc = "who can share it"},
    {.name = "inherit",
     .type = Type::boolean,
     .fallback = "off",
     .doc = "priority inheritance: the holder is as urgent as the most urgent who waits"},
    {.name = "value",
     .type = Type::count,
     .low = 1,
     .high = 4e9,
     .fallback = "1",
     .doc = "of a semaphore: how many may hold it"},
    {.name = "parties",
     .type = Type::count,
     .low = 1,
     .high = 65'536,
     .limit = true,
     .doc = "of a barrier: how many meet"},
    {.name = "capacity",
     .type = Type::count,
     .high = 4e9,
     .fallback = "0",
     .doc = "of a queue: how much it holds; 0: no bound"},
}};

constexpr std::array<Key, 17> executor_keys{{
    {.name = "kind",
     .type = Type::choice,
     .choices = executor_kinds,
     .required = true,
     .doc = "what it is"},
    {.name = "workers",
     .type = Type::count,
     .choices = worker_words,
     .low = 1,
     .high = 65'536,
     .limit = true,
     .fallback = "default",
     .doc = "how many workers"},
    {.name = "start",
     .type = Type::choice,
     .choices = start_methods,
     .fallback = "default",
     .doc = "how processes are started"},
    {.name = "chunksize",
     .type = Type::count,
     .choices = chunk_words,
     .low = 1,
     .high = 1e7,
     .fallback = "auto",
     .doc = "items handed over together"},
    {.name = "payload",
     .type = Type::section,
     .section = "payload",
     .doc = "what travels with an item"},
    {.name = "import_cost",
     .type = Type::duration,
     .fallback = "0",
     .doc = "CPU that a fresh child spends beyond starting the interpreter"},
    {.name = "import_memory",
     .type = Type::bytes,
     .high = 1e15,
     .fallback = "0",
     .doc = "private memory that these imports take in a fresh child"},
    {.name = "maxtasksperchild",
     .type = Type::count,
     .low = 1,
     .high = 1e7,
     .doc = "a worker process ends after so many chunks and another one takes its place"},
    {.name = "memory",
     .type = Type::bytes,
     .high = 1e13,
     .fallback = "0",
     .doc = "private memory of a worker process, which it touches once when it starts"},
    {.name = "touches",
     .type = Type::bytes,
     .high = 1e15,
     .fallback = "0",
     .doc = "the main process's objects that each forked worker looks at: counting references "
            "copies their pages"},
    {.name = "daemon",
     .type = Type::boolean,
     .fallback = "off",
     .doc = "of thread-per-task: nobody waits for its threads when main ends"},
    {.name = "pin",
     .type = Type::counts,
     .choices = pin_words,
     .high = 65'535,
     .fallback = "none",
     .doc = "worker i runs on CPU i of this list, over and over"},
    {.name = "nice",
     .type = Type::number,
     .low = -20,
     .high = 19,
     .fallback = "as who creates them",
     .doc = "nice level of the workers"},
    {.name = "class",
     .type = Type::section,
     .section = "class",
     .doc = "scheduling class of the workers; needs a Linux scheduler"},
    {.name = "group", .type = Type::text, .doc = "the group of `os.groups` that it runs in"},
    {.name = "create",
     .type = Type::choice,
     .choices = create_words,
     .fallback = "first-use",
     .doc = "when it is created"},
    {.name = "shutdown",
     .type = Type::choice,
     .choices = shutdown_words,
     .fallback = "join",
     .doc = "how it ends"},
}};

constexpr std::array<Key, 4> payload_keys{{
    {.name = "argument", .type = Type::bytes, .fallback = "0", .doc = "to the worker"},
    {.name = "result", .type = Type::bytes, .fallback = "0", .doc = "back"},
    {.name = "objects",
     .type = Type::count,
     .low = 1,
     .high = 1e9,
     .fallback = "1",
     .doc =
         "Python objects that an argument, and a result, consists of: each is pickled by itself"},
    {.name = "codec",
     .type = Type::choice,
     .choices = codecs,
     .fallback = "pickle5",
     .doc = "how it travels"},
}};

constexpr std::array<Key, 6> class_keys{{
    {.name = "kind",
     .type = Type::choice,
     .choices = class_words,
     .required = true,
     .doc = "which class of Linux, sched(7)"},
    {.name = "priority",
     .type = Type::count,
     .low = 1,
     .high = 99,
     .doc = "of fifo and rr: more is more urgent"},
    {.name = "runtime", .type = Type::duration, .doc = "of deadline: CPU time in each period"},
    {.name = "deadline",
     .type = Type::duration,
     .fallback = "the period",
     .doc = "of deadline: from the begin of a period"},
    {.name = "period", .type = Type::duration, .doc = "of deadline"},
    {.name = "slice",
     .type = Type::duration,
     .low = 100'000,
     .high = 100'000'000,
     .fallback = "the policy's",
     .doc = "of normal, batch and idle under eevdf: 100us to 100ms; shorter ones wait less"},
}};

constexpr std::array<Key, 6> background_keys{{
    {.name = "task", .type = Type::text, .required = true, .doc = "what each thread repeats"},
    {.name = "threads",
     .type = Type::count,
     .low = 1,
     .high = 65'536,
     .limit = true,
     .fallback = "1",
     .doc = "how many threads"},
    {.name = "nice",
     .type = Type::number,
     .low = -20,
     .high = 19,
     .fallback = "0",
     .doc = "their nice level"},
    {.name = "class",
     .type = Type::section,
     .section = "class",
     .doc = "their scheduling class; needs a Linux scheduler"},
    {.name = "group", .type = Type::text, .doc = "the group that they run in"},
    {.name = "start", .type = Type::duration, .fallback = "0", .doc = "when they start"},
}};

constexpr std::array<Section, 8> sections_of_scenario{{
    {"scenario", "The top level of a scenario file.", scenario_keys},
    {"measured_on", "Durations scale from here to the machine and Python that a point runs on.",
     measured_on_keys},
    {"repeat", "Replications of a point until its makespan is known well enough.", repeat_keys},
    {"lock", "What threads meet at: used by `with`, `put`, `get`, `set`, `wait` and `barrier`.",
     lock_keys},
    {"executor", "Who does the work.", executor_keys},
    {"payload", "What travels with an item, and back.", payload_keys},
    {"class", "A scheduling class of Linux.", class_keys},
    {"background", "A program beside the one that is looked at.", background_keys},
}};

}  // namespace

std::span<const Section> scenario_sections() {
  return sections_of_scenario;
}

}  // namespace timeslice::scenarios

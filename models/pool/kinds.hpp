// One maker for each kind of executor; the classes stay in their files.
#pragma once

#include <memory>

#include "models/ids.hpp"

namespace timeslice::models {

class Executor;
struct Context;

[[nodiscard]] std::unique_ptr<Executor> make_serial(Context& world, ExecutorIndex index);
[[nodiscard]] std::unique_ptr<Executor> make_thread_pool(Context& world, ExecutorIndex index);
[[nodiscard]] std::unique_ptr<Executor> make_thread_per_task(Context& world, ExecutorIndex index);
[[nodiscard]] std::unique_ptr<Executor> make_process_pool(Context& world, ExecutorIndex index);
[[nodiscard]] std::unique_ptr<Executor> make_process_per_task(Context& world, ExecutorIndex index);
[[nodiscard]] std::unique_ptr<Executor> make_loop_executor(Context& world, ExecutorIndex index);
[[nodiscard]] std::unique_ptr<Executor> make_process_executor(Context& world, ExecutorIndex index);
[[nodiscard]] std::unique_ptr<Executor> make_interpreter_pool(Context& world, ExecutorIndex index);
[[nodiscard]] std::unique_ptr<Executor> make_cpp_threads(Context& world, ExecutorIndex index);

}  // namespace timeslice::models

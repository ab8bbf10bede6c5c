#include "tools/batch/shard.hpp"

#include <charconv>
#include <utility>

#include <fmt/format.h>

namespace timeslice::tools {
namespace {

std::optional<std::uint64_t> number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool whole = problem == std::errc{} && end == text.data() + text.size();
  return whole && !text.empty() ? std::optional{value} : std::nullopt;
}

sim::Error refused(std::string what, std::string advice) {
  return {.where = "--shard", .what = std::move(what), .advice = std::move(advice)};
}

sim::Result<Shard> from_slurm(const Variables& environment) {
  const auto read = [&](const char* name) {
    const auto text = environment(name);
    return text ? number(*text) : std::nullopt;
  };
  const auto id = read("SLURM_ARRAY_TASK_ID");
  const auto count = read("SLURM_ARRAY_TASK_COUNT");
  const std::uint64_t first = read("SLURM_ARRAY_TASK_MIN").value_or(0);
  const std::uint64_t step = read("SLURM_ARRAY_TASK_STEP").value_or(1);
  if (!id || !count) {
    return refused("SLURM_ARRAY_TASK_ID and SLURM_ARRAY_TASK_COUNT are not set to numbers",
                   "use `slurm` in a Slurm job array only; elsewhere write I/N");
  }
  if (*count == 0 || *count > shards_max || step == 0 || *id < first ||
      (*id - first) / step >= *count) {
    return refused(
        fmt::format("Slurm's array variables contradict each other: task {} of {}", *id, *count),
        "write I/N yourself");
  }
  return Shard{.index = (*id - first) / step, .count = *count};
}

}  // namespace

sim::Result<Shard> parse_shard(std::string_view text, const Variables& environment) {
  if (text == "slurm") {
    return from_slurm(environment);
  }
  const std::size_t slash = text.find('/');
  const auto index = number(text.substr(0, slash));
  const auto count =
      slash == std::string_view::npos ? std::nullopt : number(text.substr(slash + 1));
  if (!index || !count || *count == 0) {
    return refused(fmt::format("'{}' is no part of a sweep", text),
                   "write I/N, such as 0/6 for the first of six, or slurm in a job array");
  }
  if (*count > shards_max) {
    return refused(fmt::format("{} parts are too many", *count),
                   fmt::format("use at most {}", shards_max));
  }
  if (*index >= *count) {
    return refused(
        fmt::format("there is no part {} of {}: they are counted from 0", *index, *count),
        fmt::format("the last one is {}/{}", *count - 1, *count));
  }
  return Shard{.index = *index, .count = *count};
}

std::string to_text(const Shard& shard) {
  return fmt::format("{}/{}", shard.index, shard.count);
}

}  // namespace timeslice::tools

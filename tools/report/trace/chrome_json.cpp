#include "tools/report/trace/chrome_json.hpp"

#include <iterator>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace timeslice::tools {
namespace {

constexpr std::int64_t ns_per_us = 1000;

std::string json_text(std::string_view text) {
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string microseconds(std::int64_t ns) {
  return fmt::format("{}.{:03}", ns / ns_per_us, ns % ns_per_us);
}

class JsonWriter {
 public:
  JsonWriter(const TrackModel& model, const ByteSink& sink) : model_{model}, chunks_{sink} {
    for (const std::string& name : model_.names) {
      names_.push_back(json_text(name));
    }
  }

  void write();

 private:
  void begin_event() {
    chunks_.flush_if_full();
    chunks_.text() += first_ ? "\n" : ",\n";
    first_ = false;
  }
  [[nodiscard]] std::string place(std::uint32_t track) const {
    return fmt::format(R"("pid":{},"tid":{})",
                       static_cast<unsigned>(model_.tracks[track].group) + 1U, track + 1);
  }
  void write_metadata();
  void write_slice(const TrackSlice& slice);
  void write_counter(const CounterStep& step);
  void write_arrow(const WakeArrow& arrow, std::size_t number);

  const TrackModel& model_;
  Chunks chunks_;
  std::vector<std::string> names_;  // quoted
  bool first_ = true;
};

void JsonWriter::write_metadata() {
  for (std::size_t group = 0; group < track_group_names.size(); ++group) {
    begin_event();
    chunks_.text() +=
        fmt::format(R"({{"ph":"M","name":"process_name","pid":{},"tid":0,"args":{{"name":"{}"}}}})",
                    group + 1, track_group_names[group]);
  }
  for (std::uint32_t track = 0; track < model_.tracks.size(); ++track) {
    begin_event();
    chunks_.text() += fmt::format(R"({{"ph":"M","name":"thread_name",{},"args":{{"name":{}}}}})",
                                  place(track), json_text(model_.tracks[track].name));
    begin_event();
    chunks_.text() +=
        fmt::format(R"({{"ph":"M","name":"thread_sort_index",{},"args":{{"sort_index":{}}}}})",
                    place(track), track);
  }
}

void JsonWriter::write_slice(const TrackSlice& slice) {
  begin_event();
  fmt::format_to(std::back_inserter(chunks_.text()), R"({{"ph":"X","name":{},{},"ts":{},"dur":{})",
                 names_[slice.name], place(slice.track), microseconds(slice.start_ns),
                 microseconds(slice.end_ns - slice.start_ns));
  if (slice.item >= 0) {
    fmt::format_to(std::back_inserter(chunks_.text()), R"(,"args":{{"item":{},"worker":{}}})",
                   slice.item, names_[slice.worker]);
  }
  chunks_.text() += '}';
}

void JsonWriter::write_counter(const CounterStep& step) {
  begin_event();
  fmt::format_to(std::back_inserter(chunks_.text()),
                 R"({{"ph":"C","name":{},{},"ts":{},"args":{{"value":{}}}}})",
                 json_text(model_.tracks[step.track].name), place(step.track),
                 microseconds(step.time_ns), step.value);
}

void JsonWriter::write_arrow(const WakeArrow& arrow, std::size_t number) {
  const TrackSlice& to = model_.slices[arrow.to_slice];
  begin_event();
  fmt::format_to(std::back_inserter(chunks_.text()),
                 R"({{"ph":"s","name":"wakes","cat":"wake","id":{},{},"ts":{}}})", number,
                 place(arrow.from_track), microseconds(arrow.time_ns));
  begin_event();
  fmt::format_to(std::back_inserter(chunks_.text()),
                 R"({{"ph":"f","bp":"e","name":"wakes","cat":"wake","id":{},{},"ts":{}}})", number,
                 place(to.track), microseconds(to.start_ns));
}

void JsonWriter::write() {
  chunks_.text() += R"({"displayTimeUnit":"ns","traceEvents":[)";
  write_metadata();
  for (const TrackSlice& slice : model_.slices) {
    write_slice(slice);
  }
  for (const CounterStep& step : model_.counters) {
    write_counter(step);
  }
  for (std::size_t number = 0; number < model_.arrows.size(); ++number) {
    write_arrow(model_.arrows[number], number + 1);
  }
  chunks_.text() += "\n]}\n";
  chunks_.end();
}

}  // namespace

void write_chrome_json(const TrackModel& model, const ByteSink& sink) {
  JsonWriter{model, sink}.write();
}

}  // namespace timeslice::tools

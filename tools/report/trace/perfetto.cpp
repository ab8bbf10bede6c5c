#include "tools/report/trace/perfetto.hpp"

#include <algorithm>
#include <cstddef>
#include <string>
#include <tuple>
#include <vector>

#include "tools/report/trace/wire.hpp"

namespace timeslice::tools {
namespace {

// Field numbers of google/perfetto, protos/perfetto/trace/.
namespace trace {
constexpr std::uint32_t packet = 1;
}
namespace packet {
constexpr std::uint32_t timestamp = 8;
constexpr std::uint32_t sequence_id = 10;
constexpr std::uint32_t track_event = 11;
constexpr std::uint32_t interned_data = 12;
constexpr std::uint32_t sequence_flags = 13;
constexpr std::uint32_t track_descriptor = 60;
}  // namespace packet
namespace event {
constexpr std::uint32_t annotation = 4;
constexpr std::uint32_t type = 9;
constexpr std::uint32_t name_iid = 10;
constexpr std::uint32_t track_uuid = 11;
constexpr std::uint32_t counter_value = 30;
constexpr std::uint32_t flow_ids = 47;
constexpr std::uint32_t terminating_flow_ids = 48;
}  // namespace event
namespace annotation {
constexpr std::uint32_t number = 3;
constexpr std::uint32_t text = 6;
constexpr std::uint32_t name = 10;
}  // namespace annotation
namespace descriptor {
constexpr std::uint32_t uuid = 1;
constexpr std::uint32_t name = 2;
constexpr std::uint32_t parent_uuid = 5;
constexpr std::uint32_t counter = 8;
constexpr std::uint32_t child_ordering = 11;
constexpr std::uint32_t rank = 12;
}  // namespace descriptor
namespace counter {
constexpr std::uint32_t unit = 3;
}
namespace interned {
constexpr std::uint32_t event_name = 2;
constexpr std::uint32_t iid = 1;
constexpr std::uint32_t name = 2;
}  // namespace interned

constexpr std::uint64_t state_cleared = 1;      // sequence_flags of the first packet
constexpr std::uint64_t needs_state = 2;        // and of the others
constexpr std::uint64_t explicit_order = 3;     // child_ordering: by rank
constexpr std::uint64_t unit_count = 2;         // counter unit
constexpr std::uint64_t only_sequence = 1;      // sequence_id
constexpr std::uint64_t first_group_uuid = 1;   // groups: 1..5
constexpr std::uint64_t first_track_uuid = 16;  // tracks: from 16 on

enum class EventType : std::uint8_t { begin = 1, end = 2, instant = 3, counter = 4 };

/// At one time ends come first and instants last, so that slices of a track never overlap.
enum class Turn : std::uint8_t { end, counter, begin, instant_slice, wake };

struct TrackEvent {
  std::int64_t time_ns = 0;
  Turn turn = Turn::end;
  std::uint32_t index = 0;  // slice, counter step or arrow

  [[nodiscard]] auto key() const { return std::tie(time_ns, turn, index); }
};

std::vector<TrackEvent> events_of(const TrackModel& model) {
  std::vector<TrackEvent> events;
  events.reserve(2 * model.slices.size() + model.counters.size() + model.arrows.size());
  for (std::uint32_t index = 0; index < model.slices.size(); ++index) {
    const TrackSlice& slice = model.slices[index];
    if (slice.start_ns >= slice.end_ns) {
      events.push_back({slice.start_ns, Turn::instant_slice, index});
      continue;
    }
    events.push_back({slice.start_ns, Turn::begin, index});
    events.push_back({slice.end_ns, Turn::end, index});
  }
  for (std::uint32_t index = 0; index < model.counters.size(); ++index) {
    events.push_back({model.counters[index].time_ns, Turn::counter, index});
  }
  for (std::uint32_t index = 0; index < model.arrows.size(); ++index) {
    events.push_back({model.arrows[index].time_ns, Turn::wake, index});
  }
  std::ranges::sort(events, {}, &TrackEvent::key);
  return events;
}

class PerfettoWriter {
 public:
  PerfettoWriter(const TrackModel& model, const ByteSink& sink)
      : model_{model}, chunks_{sink}, incoming_(model.slices.size()) {}

  void write();

 private:
  void write_names();
  void write_groups();
  void write_tracks();
  void write_event(const TrackEvent& event);
  void write_slice_begin(const TrackSlice& slice, std::uint32_t index, Wire& wire);
  void write_packet(std::int64_t time_ns);
  void annotate(std::string_view name, std::int64_t number);
  void annotate(std::string_view name, std::string_view text);
  void add_packet() {
    Wire{chunks_.text()}.bytes(trace::packet, packet_);
    chunks_.flush_if_full();
    packet_.clear();
  }

  const TrackModel& model_;
  Chunks chunks_;
  std::vector<std::uint32_t> incoming_;  // by slice: number of an arrow to it + 1
  std::string packet_;
  std::string body_;
  std::string part_;
};

/// Names are sent once, in the first packet; iid 0 is not allowed. The last one is of wake-ups.
void PerfettoWriter::write_names() {
  std::string data;
  for (std::size_t index = 0; index <= model_.names.size(); ++index) {
    part_.clear();
    Wire part{part_};
    part.number(interned::iid, index + 1);
    part.bytes(interned::name, index < model_.names.size() ? model_.names[index] : "wakes");
    Wire{data}.bytes(interned::event_name, part_);
  }
  Wire packet{packet_};
  packet.number(packet::sequence_id, only_sequence);
  packet.number(packet::sequence_flags, state_cleared);
  packet.bytes(packet::interned_data, data);
  add_packet();
}

void PerfettoWriter::write_groups() {
  for (std::size_t group = 0; group < track_group_names.size(); ++group) {
    body_.clear();
    Wire body{body_};
    body.number(descriptor::uuid, first_group_uuid + group);
    body.bytes(descriptor::name, track_group_names[group]);
    body.number(descriptor::child_ordering, explicit_order);
    body.number(descriptor::rank, group);
    Wire packet{packet_};
    packet.number(packet::sequence_id, only_sequence);
    packet.bytes(packet::track_descriptor, body_);
    add_packet();
  }
}

void PerfettoWriter::write_tracks() {
  for (std::size_t index = 0; index < model_.tracks.size(); ++index) {
    const Track& track = model_.tracks[index];
    body_.clear();
    Wire body{body_};
    body.number(descriptor::uuid, first_track_uuid + index);
    body.bytes(descriptor::name, track.name);
    body.number(descriptor::parent_uuid, first_group_uuid + static_cast<std::size_t>(track.group));
    body.number(descriptor::rank, index);
    if (track.group == TrackGroup::counters) {
      part_.clear();
      Wire{part_}.number(counter::unit, unit_count);
      body.bytes(descriptor::counter, part_);
    }
    Wire packet{packet_};
    packet.number(packet::sequence_id, only_sequence);
    packet.bytes(packet::track_descriptor, body_);
    add_packet();
  }
}

void PerfettoWriter::annotate(std::string_view name, std::int64_t number) {
  part_.clear();
  Wire part{part_};
  part.number(annotation::number, static_cast<std::uint64_t>(number));
  part.bytes(annotation::name, name);
  Wire{body_}.bytes(event::annotation, part_);
}

void PerfettoWriter::annotate(std::string_view name, std::string_view text) {
  part_.clear();
  Wire part{part_};
  part.bytes(annotation::text, text);
  part.bytes(annotation::name, name);
  Wire{body_}.bytes(event::annotation, part_);
}

void PerfettoWriter::write_slice_begin(const TrackSlice& slice, std::uint32_t index, Wire& wire) {
  wire.number(event::name_iid, slice.name + std::uint64_t{1});
  if (slice.item >= 0) {
    annotate("item", slice.item);
    annotate("worker", model_.names[slice.worker]);
  }
  if (incoming_[index] != 0) {
    wire.fixed64(event::terminating_flow_ids, incoming_[index]);
  }
}

void PerfettoWriter::write_event(const TrackEvent& event) {
  body_.clear();
  Wire body{body_};
  const auto start = [&body](EventType type, std::uint32_t track) {
    body.number(event::type, static_cast<std::uint64_t>(type));
    body.number(event::track_uuid, first_track_uuid + track);
  };
  switch (event.turn) {
    case Turn::end:
      start(EventType::end, model_.slices[event.index].track);
      break;
    case Turn::begin:
    case Turn::instant_slice:
      start(event.turn == Turn::begin ? EventType::begin : EventType::instant,
            model_.slices[event.index].track);
      write_slice_begin(model_.slices[event.index], event.index, body);
      break;
    case Turn::counter:
      start(EventType::counter, model_.counters[event.index].track);
      body.number(event::counter_value,
                  static_cast<std::uint64_t>(model_.counters[event.index].value));
      break;
    case Turn::wake:
      start(EventType::instant, model_.arrows[event.index].from_track);
      body.number(event::name_iid, model_.names.size() + 1);
      if (incoming_[model_.arrows[event.index].to_slice] == event.index + 1) {
        body.fixed64(event::flow_ids, event.index + std::uint64_t{1});
      }
      break;
  }
  write_packet(event.time_ns);
}

void PerfettoWriter::write_packet(std::int64_t time_ns) {
  Wire packet{packet_};
  packet.number(packet::timestamp, static_cast<std::uint64_t>(time_ns));
  packet.number(packet::sequence_id, only_sequence);
  packet.number(packet::sequence_flags, needs_state);
  packet.bytes(packet::track_event, body_);
  add_packet();
}

void PerfettoWriter::write() {
  for (std::uint32_t arrow = 0; arrow < model_.arrows.size(); ++arrow) {
    incoming_[model_.arrows[arrow].to_slice] = arrow + 1;  // the last one before the slice counts
  }
  write_names();
  write_groups();
  write_tracks();
  for (const TrackEvent& event : events_of(model_)) {
    write_event(event);
  }
  chunks_.end();
}

}  // namespace

void write_perfetto(const TrackModel& model, const ByteSink& sink) {
  PerfettoWriter{model, sink}.write();
}

}  // namespace timeslice::tools

// A native side as files of text, and back: what `validate --record` keeps and `--replay` reads.
//
// session.json has the calibration, the host's costs in the course of the session, and the list of
// points; the runs of each point are a file of their own, whose fingerprint that list has. A replay
// finds its points by scenario and parameters, in any order and number. Their work must be what
// was run (same tasks, draws, executors, number of CPUs), or the runs say nothing about them; the
// machine's costs and the models may be others: that is what a replay is for.
// Pure: somebody else reads and writes the files.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "scenarios/format/load.hpp"
#include "sim/result.hpp"
#include "validation/native_side.hpp"
#include "validation/validate.hpp"

namespace timeslice::validation {

struct RecordFile {
  std::string name;
  std::string text;
};

/// Longer files are refused: 100 000 kernel calls in each of 50 runs.
constexpr std::size_t longest_record_file = std::size_t{256} << 20;

/// session.json comes last: a record without it is none. Timelines and samples are not kept.
/// Requires: `side` has the runs of each of the points.
[[nodiscard]] std::vector<RecordFile> record_of(const std::vector<scenarios::Point>& points,
                                                const NativeSide& side);

using ReadRecordFile = std::function<sim::Result<std::string>(const std::string& name)>;

/// The native side of `points`, with the host's costs as `options` take them. Errors: a file is
/// missing, broken or altered, a point is not in the record, or its work is another one there.
[[nodiscard]] sim::Result<NativeSide> native_side_of(const std::vector<scenarios::Point>& points,
                                                     const ValidateOptions& options,
                                                     const ReadRecordFile& read);

}  // namespace timeslice::validation

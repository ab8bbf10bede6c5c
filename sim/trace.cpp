#include "sim/trace.hpp"

#include <utility>

#include "sim/expect.hpp"

namespace timeslice::sim {

TextSink::TextSink(Formatter format) : format_{std::move(format)} {
  expect(static_cast<bool>(format_), "a text sink knows how to write a record");
}

void TextSink::write(const TraceRecord& record) {
  const std::string line = format_(record);
  if (!line.empty()) {
    text_ += line;
    text_ += '\n';
  }
}

}  // namespace timeslice::sim

// Where a trace goes, piece by piece, so that a long one needs no memory of its own length.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

namespace timeslice::tools {

using ByteSink = std::function<void(std::string_view)>;

/// Collects small pieces and hands them on as large ones. end() hands on what is left.
class Chunks {
 public:
  explicit Chunks(ByteSink sink) : sink_{std::move(sink)} {}

  /// The text to append to; call flush_if_full() after each record.
  [[nodiscard]] std::string& text() { return text_; }
  void flush_if_full() {
    if (text_.size() >= chunk_bytes) {
      end();
    }
  }
  void end() {
    sink_(text_);
    text_.clear();
  }

 private:
  static constexpr std::size_t chunk_bytes = std::size_t{1} << 20U;

  ByteSink sink_;
  std::string text_;
};

}  // namespace timeslice::tools

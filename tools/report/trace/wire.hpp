// The wire format of protocol buffers, as far as a writer of traces needs it.
// Source: protobuf.dev, "Encoding".
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace timeslice::tools {

/// Appends fields to a message. A message in a message is built first, then added as bytes().
class Wire {
 public:
  explicit Wire(std::string& message) : message_{message} {}

  void number(std::uint32_t field, std::uint64_t value) {
    varint(tag(field, 0));
    varint(value);
  }
  void fixed64(std::uint32_t field, std::uint64_t value) {
    varint(tag(field, 1));
    for (unsigned byte = 0; byte < 8; ++byte) {
      message_ += static_cast<char>((value >> (8 * byte)) & 0xffU);
    }
  }
  void bytes(std::uint32_t field, std::string_view value) {
    varint(tag(field, 2));
    varint(value.size());
    message_ += value;
  }

 private:
  static std::uint64_t tag(std::uint32_t field, std::uint32_t type) {
    return (std::uint64_t{field} << 3U) | type;
  }
  void varint(std::uint64_t value) {
    for (; value >= 0x80U; value >>= 7U) {
      message_ += static_cast<char>((value & 0x7fU) | 0x80U);
    }
    message_ += static_cast<char>(value);
  }

  std::string& message_;
};

}  // namespace timeslice::tools

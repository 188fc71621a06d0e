// A file in the making: `.STEM.PID.N.part` beside where it will be. It is locked as long as its writer lives, and removed
// with it; what a killed writer has left is removed by the next one.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>

namespace weft::image {

class PartFile {
 public:
  /// Throws NodeError if the folder cannot be written.
  PartFile(const std::filesystem::path& folder, const std::string& stem);
  ~PartFile();
  PartFile(const PartFile&) = delete;
  PartFile& operator=(const PartFile&) = delete;

  /// To the disk. Throws NodeError.
  void write(std::span<const std::uint8_t> bytes);
  /// Gives the finished file its name; false if that is taken. Throws NodeError.
  bool publish(const std::filesystem::path& name);

 private:
  std::filesystem::path path_;
  int descriptor_ = -1;
  bool published_ = false;
};

/// Removes what killed writers have left: of a process of this machine that is gone, or a day old; never what is locked.
void remove_abandoned_parts(const std::filesystem::path& folder);

[[noreturn]] void fail_to_write(const std::filesystem::path& file, int error);

}  // namespace weft::image

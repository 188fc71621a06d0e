// A file's bytes, mapped into memory, or bytes that were given. Whoever reads a format of weights holds one by shared_ptr,
// and so does every tensor that is a view of it. Writing to the bytes changes memory, never the file. [any thread]
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <string>

namespace weft::sd {

class MappedFile {
 public:
  /// Throws ModelError where there is no such file, where it is empty, or where it cannot be read.
  static std::shared_ptr<MappedFile> open(const std::filesystem::path& path);
  /// Of bytes in memory, which it keeps. Throws ModelError without any; `origin` names them.
  static std::shared_ptr<MappedFile> of_bytes(std::string bytes, const std::string& origin);

  virtual ~MappedFile() = default;
  virtual char* data() = 0;
  virtual std::size_t size() const = 0;

  /// Lets the system take back the memory of what was read so far; reading again fetches it again. What was written to the
  /// bytes of a file is lost.
  virtual void release_memory() {}
};

}  // namespace weft::sd

#include "nodes/sd/files/mapped_file.h"

#include <fmt/format.h>
#include <sys/mman.h>

#include <boost/interprocess/file_mapping.hpp>
#include <boost/interprocess/mapped_region.hpp>
#include <cerrno>
#include <system_error>

#include "nodes/sd/files/model_error.h"

namespace weft::sd {
namespace {

namespace fs = std::filesystem;
namespace bip = boost::interprocess;

class Mapping final : public MappedFile {
 public:
  explicit Mapping(const fs::path& path) : file_(path.c_str(), bip::read_only), region_(file_, bip::copy_on_write) {}

  char* data() override { return static_cast<char*>(region_.get_address()); }
  std::size_t size() const override { return region_.get_size(); }
  // The mapping is private, and its pages are those of the file as long as nobody wrote to them.
  void release_memory() override { ::madvise(data(), size(), MADV_DONTNEED); }

 private:
  bip::file_mapping file_;
  bip::mapped_region region_;
};

class Bytes final : public MappedFile {
 public:
  explicit Bytes(std::string bytes) : bytes_(std::move(bytes)) {}
  char* data() override { return bytes_.data(); }
  std::size_t size() const override { return bytes_.size(); }

 private:
  std::string bytes_;
};

[[noreturn]] void fail_empty(const std::string& origin) {
  throw ModelError(origin, "is empty", "download or convert it again");
}

void require_file_with_bytes(const fs::path& path) {
  std::error_code error;
  const auto status = fs::status(path, error);
  if (!fs::exists(status))
    throw ModelError(path.string(), "there is no such file", "check the name and the model folders");
  if (!fs::is_regular_file(status)) throw ModelError(path.string(), "is not a file", "give a .safetensors file");
  const auto size = fs::file_size(path, error);
  if (error) throw ModelError(path.string(), error.message(), "");
  if (size == 0) fail_empty(path.string());
}

}  // namespace

std::shared_ptr<MappedFile> MappedFile::open(const fs::path& path) {
  require_file_with_bytes(path);
  try {
    return std::make_shared<Mapping>(path);
  } catch (const bip::interprocess_exception& error) {
    throw ModelError(path.string(), fmt::format("cannot be read ({})", error.what()),
        error.get_native_error() == ENOMEM ? "raise the limit of memory (ulimit -v)" : "check its permissions");
  }
}

std::shared_ptr<MappedFile> MappedFile::of_bytes(std::string bytes, const std::string& origin) {
  if (bytes.empty()) fail_empty(origin);
  return std::make_shared<Bytes>(std::move(bytes));
}

}  // namespace weft::sd

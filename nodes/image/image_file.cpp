#include "nodes/image/image_file.h"

#include <OpenImageIO/filesystem.h>
#include <OpenImageIO/imagebuf.h>
#include <OpenImageIO/imagebufalgo.h>
#include <OpenImageIO/imageio.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>

#include "graph/error.h"

namespace weft::image {
namespace {

namespace fs = std::filesystem;

int next_number(const fs::path& folder, const std::string& stem) {
  int last = 0;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with(stem + "_")) continue;
    int number = 0;
    const char* digits = name.data() + stem.size() + 1;
    const auto [end, bad] = std::from_chars(digits, name.data() + name.size(), number);
    if (bad == std::errc() && std::string_view(end, name.data() + name.size()) == "_.png") last = std::max(last, number);
  }
  return last + 1;
}

[[noreturn]] void fail_to_write(const fs::path& file, int error) {
  throw NodeError(fmt::format("cannot write {}: {}", file.string(), std::strerror(error)),
                  error == ENOSPC ? "free some space, or choose another folder with --out"
                                  : "choose a folder that can be written with --out");
}

/// Closes and removes the unfinished file unless all went well.
class PartFile {
 public:
  explicit PartFile(fs::path path) : path_(std::move(path)) {
    descriptor_ = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (descriptor_ < 0) fail_to_write(path_, errno);
  }
  ~PartFile() {
    ::close(descriptor_);
    ::unlink(path_.c_str());
  }
  PartFile(const PartFile&) = delete;
  PartFile& operator=(const PartFile&) = delete;

  void write(const std::vector<std::uint8_t>& bytes) {
    for (std::size_t done = 0; done < bytes.size();) {
      const ssize_t n = ::write(descriptor_, bytes.data() + done, bytes.size() - done);
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) fail_to_write(path_, n < 0 ? errno : ENOSPC);
      done += static_cast<std::size_t>(n);
    }
    if (::fsync(descriptor_) != 0) fail_to_write(path_, errno);
  }
  /// Gives the finished file a second name; false if that name is taken.
  bool publish(const fs::path& name) const {
    if (::link(path_.c_str(), name.c_str()) == 0) return true;
    if (errno == EEXIST) return false;
    fail_to_write(name, errno);
  }

 private:
  fs::path path_;
  int descriptor_ = -1;
};

/// Not read by ImageBuf itself: its cache may know the size of a file from before it was written anew.
OIIO::ImageBuf pixels_of(const fs::path& file) {
  const auto refuse = [&](const std::string& why) {
    throw NodeError(fmt::format("cannot read {}: {}", file.string(), why), "give a PNG, JPEG, WebP, TIFF or EXR file");
  };
  const auto input = OIIO::ImageInput::open(file.string());
  if (!input) refuse(OIIO::geterror());
  OIIO::ImageSpec spec = input->spec();
  spec.set_format(OIIO::TypeDesc::FLOAT);
  OIIO::ImageBuf buffer(spec);
  if (!input->read_image(0, 0, 0, spec.nchannels, OIIO::TypeDesc::FLOAT, buffer.localpixels())) refuse(input->geterror());
  return buffer;
}

}  // namespace

LoadedPicture load_picture(const fs::path& file) {
  std::error_code error;
  if (!fs::is_regular_file(file, error))
    throw NodeError(fmt::format("there is no picture {}", file.string()), "check the path");
  const OIIO::ImageBuf buffer = OIIO::ImageBufAlgo::reorient(pixels_of(file));

  const OIIO::ImageSpec& spec = buffer.spec();
  const bool gray = spec.nchannels < 3;
  std::vector<int> channels = gray ? std::vector<int>{0, 0, 0} : std::vector<int>{0, 1, 2};
  if (spec.alpha_channel >= 0) channels.push_back(spec.alpha_channel);
  const OIIO::ImageBuf ordered = OIIO::ImageBufAlgo::channels(buffer, static_cast<int>(channels.size()), channels);
  torch::Tensor all = torch::empty({1, spec.height, spec.width, static_cast<std::int64_t>(channels.size())});
  if (!ordered.get_pixels(ordered.roi(), OIIO::TypeDesc::FLOAT, all.data_ptr<float>()))
    throw NodeError(fmt::format("cannot read the pixels of {}: {}", file.string(), ordered.geterror()),
                    "the file may be damaged");
  all.clamp_(0, 1);
  LoadedPicture loaded{all.narrow(3, 0, 3).contiguous(), {}};
  if (channels.size() == 4) loaded.alpha = all.select(3, 3).contiguous();
  return loaded;
}

std::vector<std::uint8_t> to_bytes(const torch::Tensor& pixels) {
  const torch::Tensor bytes = pixels.to(torch::kCPU).mul(255).clamp(0, 255).to(torch::kUInt8).contiguous();
  const std::uint8_t* data = bytes.data_ptr<std::uint8_t>();
  return {data, data + bytes.numel()};
}

std::vector<std::uint8_t> encode_png(const torch::Tensor& pixels, const std::map<std::string, std::string>& text) {
  std::vector<std::uint8_t> encoded;
  OIIO::Filesystem::IOVecOutput memory(encoded);
  const std::unique_ptr<OIIO::ImageOutput> png = OIIO::ImageOutput::create("png", &memory);
  if (!png) throw NodeError("this OpenImageIO cannot write PNG", "install Debian's libopenimageio");
  OIIO::ImageSpec spec(static_cast<int>(pixels.size(1)), static_cast<int>(pixels.size(0)), 3, OIIO::TypeDesc::UINT8);
  spec.attribute("png:compressionLevel", 4);
  for (const auto& [key, value] : text) spec.attribute(key, value);
  const std::vector<std::uint8_t> bytes = to_bytes(pixels);
  if (!png->open("memory.png", spec) || !png->write_image(OIIO::TypeDesc::UINT8, bytes.data()) || !png->close())
    throw NodeError("cannot encode a PNG: " + png->geterror());
  return encoded;
}

std::map<std::string, std::string> read_png_text(const fs::path& file) {
  const auto input = OIIO::ImageInput::open(file.string());
  if (!input || input->format_name() != std::string_view("png"))
    throw NodeError(fmt::format("{} is no PNG file", file.string()), "give a picture that Weft has written");
  std::map<std::string, std::string> text;
  for (const OIIO::ParamValue& attribute : input->spec().extra_attribs)
    if (attribute.type() == OIIO::TypeDesc::STRING) text[attribute.name().string()] = attribute.get_string(0);
  return text;
}

fs::path write_next(const fs::path& folder, const std::string& prefix, const std::vector<std::uint8_t>& bytes) {
  const fs::path wanted = (folder / prefix).lexically_normal();
  const fs::path relative = wanted.lexically_relative(folder.lexically_normal());
  if (prefix.empty() || relative.empty() || *relative.begin() == "..")
    throw NodeError(fmt::format("the file name prefix '{}' leads out of the output folder", prefix),
                    "give a name, or subfolder/name");
  const fs::path parent = wanted.parent_path();
  const std::string stem = wanted.filename().string();
  std::error_code error;
  fs::create_directories(parent, error);
  if (error) fail_to_write(parent, error.value());

  // The unfinished file has a name of its own for each process and call; a hard link then takes the next free number.
  static std::atomic<unsigned> calls = 0;
  PartFile part(parent / fmt::format(".{}.{}.{}.part", stem, ::getpid(), ++calls));
  part.write(bytes);
  for (int number = next_number(parent, stem);; ++number) {
    const fs::path name = parent / fmt::format("{}_{:05}_.png", stem, number);
    if (part.publish(name)) return name;
  }
}

}  // namespace weft::image

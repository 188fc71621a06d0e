#include "pictures/picture_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <fstream>
#include <numeric>
#include <string_view>

#include "pictures/decoder.h"

namespace weft::pictures {

using namespace std::string_view_literals;

namespace {

std::unique_ptr<Decoder> open(const std::filesystem::path& file, Damage& damage) {
  constexpr std::uintmax_t kFewest = 12;
  if (std::filesystem::file_size(file) < kFewest)
    throw PictureError("the file ends early, before its pixels", "use a copy that is whole");
  const std::optional<std::string> format = format_of(file);
  if (!format) throw PictureError("it begins with nothing but zeros", "use a copy that is whole");
  if (*format == "png") return open_png(file, damage);
  if (*format == "webp") return open_webp(file, damage);
  if (*format == "gif") return open_gif(file, damage);
  return open_other(file, damage);
}

/// Where the rows of a stored picture come to lie once it stands upright.
Strip turned(int orientation, Size stored, int row) {
  const int w = stored.width - 1, h = stored.height - 1;
  switch (orientation) {
    case 2:
      return {.x = w, .y = row, .dx = -1, .dy = 0};      // mirrored
    case 3:
      return {.x = w, .y = h - row, .dx = -1, .dy = 0};  // upside down
    case 4:
      return {.x = 0, .y = h - row, .dx = 1, .dy = 0};
    case 5:
      return {.x = row, .y = 0, .dx = 0, .dy = 1};
    case 6:
      return {.x = h - row, .y = 0, .dx = 0, .dy = 1};  // to be turned clockwise
    case 7:
      return {.x = h - row, .y = w, .dx = 0, .dy = -1};
    case 8:
      return {.x = row, .y = w, .dx = 0, .dy = -1};  // to be turned the other way
    default:
      return {.x = 0, .y = row, .dx = 1, .dy = 0};
  }
}

std::uint64_t area(Size size) {
  return static_cast<std::uint64_t>(size.width) * static_cast<std::uint64_t>(size.height);
}

void check_size(const std::vector<Size>& frames, const std::vector<int>& chosen, std::uint64_t most) {
  const std::uint64_t pixels = area(frames[static_cast<std::size_t>(chosen.front())]) * chosen.size();
  if (pixels <= most) return;
  const Size size = frames[static_cast<std::size_t>(chosen.front())];
  const std::string count = chosen.size() > 1 ? fmt::format("{} frames of ", chosen.size()) : "";
  throw PictureError(fmt::format("it has {}{} x {} pixels, that is {:.4g} megapixels; the limit is {:.4g}", count,
                         size.width, size.height, static_cast<double>(pixels) / 1e6, static_cast<double>(most) / 1e6),
      chosen.size() > 1 ? "read one frame, make it smaller, or raise WEFT_MAX_MEGAPIXELS"
                        : "make it smaller, or raise WEFT_MAX_MEGAPIXELS");
}

}  // namespace

std::optional<std::string> format_of(const std::filesystem::path& file) {
  std::array<char, 12> first{};
  std::ifstream(file, std::ios::binary).read(first.data(), first.size());
  const std::string_view begin(first.data(), first.size());
  if (begin.substr(1, 3) == "PNG") return "png";
  if (begin.starts_with("RIFF") && begin.substr(8) == "WEBP") return "webp";
  if (begin.starts_with("GIF87a") || begin.starts_with("GIF89a")) return "gif";
  if (begin.starts_with("\xff\xd8")) return "jpeg";
  if (begin.starts_with("II*") || begin.starts_with("MM\0*"sv) || begin.starts_with("II+") ||
      begin.starts_with("MM\0+"sv))
    return "tiff";
  if (begin.starts_with("\x76\x2f\x31\x01")) return "openexr";
  return begin.find_first_not_of('\0') == begin.npos ? std::nullopt : std::optional<std::string>("");
}

std::uint64_t most_pixels() {
  constexpr std::uint64_t kUsual = 256'000'000;
  const char* set = std::getenv("WEFT_MAX_MEGAPIXELS");
  if (!set || !*set) return kUsual;
  const std::string_view text = set;
  double megapixels = 0;
  const auto [end, bad] = std::from_chars(text.data(), text.data() + text.size(), megapixels);
  if (bad != std::errc() || end != text.data() + text.size() || !(megapixels > 0 && megapixels <= 1e9))
    throw PictureError(fmt::format("WEFT_MAX_MEGAPIXELS is '{}', which is no number above 0", text.substr(0, 40)),
        "set it to a number such as 256");
  return static_cast<std::uint64_t>(megapixels * 1e6);
}

void Damage::report(const std::string& what) {
  if (!allowed_)
    throw PictureError(what, "use a copy that is whole, or run with --allow-truncated to take what is there");
  warn(what + "; what is missing is black");
}

void Damage::warn(std::string what) {
  if (std::ranges::find(warnings_, what) == warnings_.end()) warnings_.push_back(std::move(what));
}

PictureFile::PictureFile(const std::filesystem::path& file, ReadOptions options)
    : damage_(std::make_unique<Damage>(options.allow_truncated)), decoder_(open(file, *damage_)) {
  choose(options);
  const Size stored = decoder_->frames()[static_cast<std::size_t>(chosen_.front())];
  const bool sideways = decoder_->orientation() >= 5;
  width_ = sideways ? stored.height : stored.width;
  height_ = sideways ? stored.width : stored.height;
}

PictureFile::~PictureFile() = default;

void PictureFile::choose(const ReadOptions& options) {
  const std::vector<Size>& frames = decoder_->frames();
  const int count = static_cast<int>(frames.size());
  if (options.frame) {
    if (*options.frame < 0 || *options.frame >= count)
      throw PictureError(fmt::format("there is no frame {} in it: it has {}", *options.frame, count),
          count == 1 ? "take frame 0" : fmt::format("take a frame from 0 to {}", count - 1));
    chosen_ = {*options.frame};
  } else {
    for (int i = 0; i < count; ++i)
      if (frames[static_cast<std::size_t>(i)] == frames.front()) chosen_.push_back(i);
    if (frames.size() > chosen_.size())
      damage_->warn(fmt::format("{} of {} frames are of another size than the first, {} x {}, and were left out",
          frames.size() - chosen_.size(), count, frames.front().width, frames.front().height));
  }
  check_size(frames, chosen_, options.most_pixels);
}

bool PictureFile::has_alpha() const { return decoder_->has_alpha(); }

void PictureFile::read(const std::function<void(const Strip&)>& sink) {
  std::vector<float> opaque;
  for (int i = 0; i < frames(); ++i) {
    const int frame = chosen_[static_cast<std::size_t>(i)];
    const Size stored = decoder_->frames()[static_cast<std::size_t>(frame)];
    decoder_->decode(frame, [&](int row, std::span<const float> rgba) {
      if (row < 0 || row >= stored.height || rgba.size() != static_cast<std::size_t>(stored.width) * 4)
        throw std::logic_error("a decoder hands out a row that the picture does not have");
      Strip strip = turned(decoder_->orientation(), stored, row);
      strip.frame = i;
      strip.rgba = rgba;
      if (!has_alpha()) {  // an animation may leave places empty, a BMP has a fourth byte
        opaque.assign(rgba.begin(), rgba.end());
        for (std::size_t i = 3; i < opaque.size(); i += 4) opaque[i] = 1;
        strip.rgba = opaque;
      }
      sink(strip);
    });
  }
}

const std::vector<std::string>& PictureFile::warnings() const { return damage_->warnings(); }

}  // namespace weft::pictures

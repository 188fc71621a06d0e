#include "editor/session/gallery.h"

#include <algorithm>
#include <array>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <set>
#include <thread>

namespace weft::editor {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMostThumbnails = 512;  // 256 KiB each at 256 x 256
constexpr std::size_t kMostItems = 5000;

bool is_picture_name(const fs::path& file) {
  constexpr std::array<std::string_view, 7> kEndings = {".png", ".jpg",  ".jpeg", ".webp",
                                                        ".tif", ".tiff", ".exr"};
  std::string ending = file.extension().string();
  std::ranges::transform(ending, ending.begin(), [](unsigned char c) { return std::tolower(c); });
  return std::ranges::find(kEndings, ending) != kEndings.end();
}

std::optional<GalleryItem> item_of(const fs::path& file, JobId job) {
  std::error_code error;
  GalleryItem item{.file = file, .time = fs::last_write_time(file, error), .job = job};
  if (!error) item.bytes = fs::file_size(file, error);
  if (error) return std::nullopt;
  return item;
}

/// Latest first; files of one time by their names.
bool comes_before(const GalleryItem& a, const GalleryItem& b) {
  return a.time != b.time ? a.time > b.time : a.file > b.file;
}

std::vector<GalleryItem> pictures_in(const fs::path& folder) {
  constexpr auto kOptions = fs::directory_options::skip_permission_denied;
  std::vector<GalleryItem> items;
  std::error_code error;
  for (fs::recursive_directory_iterator it(folder, kOptions, error), end; !error && it != end;
       it.increment(error)) {
    std::error_code none;
    if (!it->is_regular_file(none) || !is_picture_name(it->path())) continue;
    if (auto item = item_of(fs::absolute(it->path(), none).lexically_normal(), 0)) items.push_back(*item);
  }
  return items;
}

}  // namespace

struct Gallery::Impl {
  Impl(std::function<void()> w, int longest)
      : wake(std::move(w)), longest(longest), thread([this] { work(); }) {}

  ~Impl() {
    {
      const std::scoped_lock lock(mutex);
      stopping = true;
    }
    changed.notify_all();
    thread.join();
  }

  void work() {
    std::unique_lock lock(mutex);
    for (;;) {
      changed.wait(lock, [this] { return stopping || !scans.empty() || !wanted.empty(); });
      if (stopping) return;
      busy = true;
      if (!scans.empty()) {
        const fs::path folder = scans.front();
        scans.pop_front();
        lock.unlock();
        std::vector<GalleryItem> found = pictures_in(folder);
        lock.lock();
        add(std::move(found));
      } else {
        const fs::path file = wanted.back();  // what was asked for last is what is looked at now
        wanted.pop_back();
        reading = file;
        lock.unlock();
        auto pixels = read(file);
        lock.lock();
        keep(file, std::move(pixels));
        reading.clear();
      }
      ++revision;
      lock.unlock();
      if (wake) wake();
      lock.lock();
      busy = false;
      changed.notify_all();
    }
  }

  std::shared_ptr<const Pixels> read(const fs::path& file) const {
    try {
      return std::make_shared<const Pixels>(read_pixels(file, longest));
    } catch (const std::exception&) {
      return nullptr;  // remembered as a file without a picture
    }
  }

  // Locked.

  void add(std::vector<GalleryItem> found) {
    auto merged = std::make_shared<std::vector<GalleryItem>>(*items);
    std::map<fs::path, std::size_t> known;
    for (std::size_t i = 0; i < merged->size(); ++i) known[(*merged)[i].file] = i;
    for (GalleryItem& item : found) {
      const auto at = known.find(item.file);
      if (at == known.end()) {
        merged->push_back(std::move(item));
        continue;
      }
      GalleryItem& old = (*merged)[at->second];
      if (old.time != item.time) thumbnails.erase(item.file);
      if (item.job == 0) item.job = old.job;
      old = std::move(item);
    }
    std::ranges::sort(*merged, comes_before);
    if (merged->size() > kMostItems) merged->resize(kMostItems);
    items = std::move(merged);
    ++revision;
  }

  void keep(const fs::path& file, std::shared_ptr<const Pixels> pixels) {
    if (thumbnails.size() >= kMostThumbnails) {
      const auto oldest =
          std::ranges::min_element(thumbnails, {}, [](const auto& t) { return t.second.used; });
      thumbnails.erase(oldest);
    }
    thumbnails[file] = {std::move(pixels), ++uses};
  }

  struct Thumbnail {
    std::shared_ptr<const Pixels> pixels;  // null: cannot be read
    std::uint64_t used = 0;
  };

  const std::function<void()> wake;
  const int longest;
  std::mutex mutex;  // guards all below
  std::condition_variable changed;
  std::shared_ptr<const std::vector<GalleryItem>> items = std::make_shared<const std::vector<GalleryItem>>();
  std::map<fs::path, Thumbnail> thumbnails;
  std::uint64_t uses = 0;
  std::deque<fs::path> scans;
  std::vector<fs::path> wanted;
  fs::path reading;
  std::set<JobId> taken;
  std::uint64_t revision = 1;
  bool busy = false;
  bool stopping = false;
  std::thread thread;  // last: it uses all of the above
};

Gallery::Gallery(std::function<void()> wake, int thumbnail)
    : impl_(std::make_unique<Impl>(std::move(wake), thumbnail)) {}

Gallery::~Gallery() = default;

void Gallery::scan(const fs::path& folder) {
  {
    const std::scoped_lock lock(impl_->mutex);
    impl_->scans.push_back(folder);
  }
  impl_->changed.notify_all();
}

void Gallery::take(const RunState& state) {
  const std::scoped_lock lock(impl_->mutex);
  for (const Job& job : state.history) {
    if (!impl_->taken.insert(job.id).second) continue;
    std::vector<GalleryItem> items;
    for (const fs::path& file : job.files)
      if (auto item = is_picture_name(file) ? item_of(file.lexically_normal(), job.id) : std::nullopt)
        items.push_back(*item);
    if (!items.empty()) impl_->add(std::move(items));
  }
}

std::shared_ptr<const std::vector<GalleryItem>> Gallery::items() const {
  const std::scoped_lock lock(impl_->mutex);
  return impl_->items;
}

std::uint64_t Gallery::revision() const {
  const std::scoped_lock lock(impl_->mutex);
  return impl_->revision;
}

std::shared_ptr<const Pixels> Gallery::thumbnail(const fs::path& file) {
  const std::scoped_lock lock(impl_->mutex);
  const auto found = impl_->thumbnails.find(file);
  if (found != impl_->thumbnails.end()) {
    found->second.used = ++impl_->uses;
    return found->second.pixels;
  }
  if (impl_->reading == file) return nullptr;
  std::erase(impl_->wanted, file);
  impl_->wanted.push_back(file);
  impl_->changed.notify_all();
  return nullptr;
}

void Gallery::remove(const fs::path& file) {
  const std::scoped_lock lock(impl_->mutex);
  auto kept = std::make_shared<std::vector<GalleryItem>>(*impl_->items);
  std::erase_if(*kept, [&](const GalleryItem& item) { return item.file == file; });
  impl_->items = std::move(kept);
  ++impl_->revision;
}

void Gallery::wait_until_idle() const {
  std::unique_lock lock(impl_->mutex);
  impl_->changed.wait(lock, [this] { return impl_->scans.empty() && impl_->wanted.empty() && !impl_->busy; });
}

}  // namespace weft::editor

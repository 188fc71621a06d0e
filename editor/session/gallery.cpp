#include "editor/session/gallery.h"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <set>
#include <thread>

#include "base/c_locale.h"
#include "editor/session/picture_file.h"

namespace weft::editor {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMostItems = 5000;

std::optional<GalleryItem> item_of(const fs::path& file, runs::JobId job) {
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
  for (fs::recursive_directory_iterator it(folder, kOptions, error), end; !error && it != end; it.increment(error)) {
    std::error_code none;
    if (!it->is_regular_file(none) || !is_picture_name(it->path())) continue;
    if (auto item = item_of(fs::absolute(it->path(), none).lexically_normal(), 0)) items.push_back(*item);
  }
  return items;
}

}  // namespace

struct Gallery::Impl {
  explicit Impl(std::function<void()> w) : wake(std::move(w)), thread([this] { work(); }) {}

  ~Impl() {
    {
      const std::scoped_lock lock(mutex);
      stopping = true;
    }
    changed.notify_all();
    thread.join();
  }

  void work() {
    const CLocale locale;
    std::unique_lock lock(mutex);
    for (;;) {
      changed.wait(lock, [this] { return stopping || !scans.empty(); });
      if (stopping) return;
      busy = true;
      const fs::path folder = scans.front();
      scans.pop_front();
      lock.unlock();
      std::vector<GalleryItem> found = pictures_in(folder);
      lock.lock();
      add(std::move(found));
      lock.unlock();
      if (wake) wake();
      lock.lock();
      busy = false;
      changed.notify_all();
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
      if (item.job == 0) item.job = old.job;
      old = std::move(item);
    }
    std::ranges::sort(*merged, comes_before);
    if (merged->size() > kMostItems) merged->resize(kMostItems);
    items = std::move(merged);
    ++revision;
  }

  const std::function<void()> wake;
  std::mutex mutex;  // guards all below
  std::condition_variable changed;
  std::shared_ptr<const std::vector<GalleryItem>> items = std::make_shared<const std::vector<GalleryItem>>();
  std::deque<fs::path> scans;
  std::set<runs::JobId> taken;
  std::uint64_t revision = 1;
  bool busy = false;
  bool stopping = false;
  std::thread thread;  // last: it uses all of the above
};

Gallery::Gallery(std::function<void()> wake) : impl_(std::make_unique<Impl>(std::move(wake))) {}

Gallery::~Gallery() = default;

void Gallery::scan(const fs::path& folder) {
  {
    const std::scoped_lock lock(impl_->mutex);
    impl_->scans.push_back(folder);
  }
  impl_->changed.notify_all();
}

void Gallery::take(const runs::RunState& state) {
  const std::scoped_lock lock(impl_->mutex);
  for (const runs::Job& job : state.history) {
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

void Gallery::remove(const fs::path& file) {
  const std::scoped_lock lock(impl_->mutex);
  auto kept = std::make_shared<std::vector<GalleryItem>>(*impl_->items);
  std::erase_if(*kept, [&](const GalleryItem& item) { return item.file == file; });
  impl_->items = std::move(kept);
  ++impl_->revision;
}

void Gallery::wait_until_idle() const {
  std::unique_lock lock(impl_->mutex);
  impl_->changed.wait(lock, [this] { return impl_->scans.empty() && !impl_->busy; });
}

}  // namespace weft::editor

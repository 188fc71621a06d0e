#include "editor/session/picture_loader.h"

#include <algorithm>
#include <condition_variable>
#include <map>
#include <mutex>
#include <optional>
#include <thread>
#include <tuple>
#include <vector>

#include "base/c_locale.h"
#include "editor/session/picture_file.h"

namespace weft::editor {
namespace {

namespace fs = std::filesystem;

using Key = std::tuple<fs::path, int, fs::file_time_type>;

std::shared_ptr<const Picture> read(const Key& key) {
  try {
    const Pixels pixels = read_pixels(std::get<0>(key), std::get<1>(key));
    auto picture = std::make_shared<Picture>(Picture{pixels.width, pixels.height, {}});
    picture->rgb.reserve(pixels.rgba.size() / 4 * 3);
    for (std::size_t i = 0; i + 3 < pixels.rgba.size(); i += 4)
      picture->rgb.insert(picture->rgb.end(), {pixels.rgba[i], pixels.rgba[i + 1], pixels.rgba[i + 2]});
    return picture;
  } catch (const std::exception&) {
    return nullptr;  // remembered as a file without a picture
  }
}

}  // namespace

struct PictureLoader::Impl {
  Impl(std::function<void()> w, std::size_t most) : wake(std::move(w)), most_bytes(most), thread([this] { work(); }) {}

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
      changed.wait(lock, [this] { return stopping || !wanted.empty(); });
      if (stopping) return;
      const Key key = wanted.back();
      wanted.pop_back();
      reading = key;
      lock.unlock();
      auto picture = read(key);
      lock.lock();
      keep(key, std::move(picture));
      lock.unlock();
      if (wake) wake();
      lock.lock();
      reading.reset();
      changed.notify_all();
    }
  }

  // Locked.

  void keep(const Key& key, std::shared_ptr<const Picture> picture) {
    bytes += picture ? picture->rgb.size() : 0;
    held[key] = {std::move(picture), ++uses};
    while (bytes > most_bytes && held.size() > 1) {  // the one that has just come stays, however large
      const auto oldest = std::ranges::min_element(held, {}, [](const auto& each) { return each.second.used; });
      bytes -= oldest->second.picture ? oldest->second.picture->rgb.size() : 0;
      held.erase(oldest);
    }
  }

  struct Held {
    std::shared_ptr<const Picture> picture;  // null: cannot be read
    std::uint64_t used = 0;
  };

  const std::function<void()> wake;
  const std::size_t most_bytes;
  std::mutex mutex;  // guards all below
  std::condition_variable changed;
  std::map<Key, Held> held;
  std::size_t bytes = 0;
  std::uint64_t uses = 0;
  std::vector<Key> wanted;
  std::optional<Key> reading;
  bool stopping = false;
  std::thread thread;  // last: it uses all of the above
};

PictureLoader::PictureLoader(std::function<void()> wake, std::size_t most_bytes)
    : impl_(std::make_unique<Impl>(std::move(wake), most_bytes)) {}

PictureLoader::~PictureLoader() = default;

std::shared_ptr<const Picture> PictureLoader::get(const fs::path& file, int longest, fs::file_time_type time) {
  Key key{file, longest, time};
  const std::scoped_lock lock(impl_->mutex);
  if (const auto found = impl_->held.find(key); found != impl_->held.end()) {
    found->second.used = ++impl_->uses;
    return found->second.picture;
  }
  if (impl_->reading == key) return nullptr;
  std::erase(impl_->wanted, key);
  impl_->wanted.push_back(std::move(key));
  impl_->changed.notify_all();
  return nullptr;
}

bool PictureLoader::is_unreadable(const fs::path& file, int longest, fs::file_time_type time) const {
  const std::scoped_lock lock(impl_->mutex);
  const auto found = impl_->held.find(Key{file, longest, time});
  return found != impl_->held.end() && !found->second.picture;
}

bool PictureLoader::busy() const {
  const std::scoped_lock lock(impl_->mutex);
  return impl_->reading || !impl_->wanted.empty();
}

void PictureLoader::wait_until_idle() const {
  std::unique_lock lock(impl_->mutex);
  impl_->changed.wait(lock, [this] { return !impl_->reading && impl_->wanted.empty(); });
}

}  // namespace weft::editor

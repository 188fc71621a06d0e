// AssetLists: the model files of each kind, by name, with what their folders say of them; read on a thread of their own, so
// that a widget never waits for a disk. [main-thread]
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <future>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace weft::editor {

class AssetLists {
 public:
  explicit AssetLists(std::function<void()> wake) : wake_(std::move(wake)) {}

  /// Null until they are read; the first call for a folder starts that.
  const std::vector<std::string>* names(const std::string& folder, const std::vector<std::filesystem::path>& roots);
  /// native_size() of one of them; nothing as long as it is not known.
  std::optional<std::int64_t> size(const std::string& folder, const std::string& name) const;
  /// Reads again what is asked for next; what is known stays until then.
  void refresh();
  bool busy() const;

 private:
  struct Models {
    std::vector<std::string> names;
    std::map<std::string, std::int64_t, std::less<>> sizes;  ///< of those that tell it
  };
  static Models read(const std::string& folder, const std::vector<std::filesystem::path>& roots);

  struct List {
    Models models;
    bool known = false;
    bool stale = true;
    std::future<Models> coming;
  };
  std::map<std::string, List> lists_;
  std::function<void()> wake_;
};

}  // namespace weft::editor

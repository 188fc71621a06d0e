// AssetLists: names of the model files of each kind, read on a thread of their own, so that a widget never
// waits for a disk. [main-thread]
#pragma once

#include <filesystem>
#include <functional>
#include <future>
#include <map>
#include <string>
#include <vector>

namespace weft::editor {

class AssetLists {
 public:
  explicit AssetLists(std::function<void()> wake) : wake_(std::move(wake)) {}

  /// Null until they are read; the first call for a folder starts that.
  const std::vector<std::string>* names(const std::string& folder,
                                        const std::vector<std::filesystem::path>& roots);
  /// Reads again what is asked for next; what is known stays until then.
  void refresh();
  bool busy() const;

 private:
  struct List {
    std::vector<std::string> names;
    bool known = false;
    bool stale = true;
    std::future<std::vector<std::string>> coming;
  };
  std::map<std::string, List> lists_;
  std::function<void()> wake_;
};

}  // namespace weft::editor

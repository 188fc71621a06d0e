#include "editor/app/asset_lists.h"

#include <algorithm>
#include <chrono>

#include "graph/asset_files.h"

namespace weft::editor {

namespace {

bool ready(const std::future<std::vector<std::string>>& future) {
  return future.valid() && future.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
}

std::vector<std::string> read_names(const std::string& folder,
                                    const std::vector<std::filesystem::path>& roots) {
  std::vector<std::string> names;
  for (const Asset& asset : list_assets(roots, folder))
    if (!asset.shadowed) names.push_back(asset.name);
  return names;
}

}  // namespace

const std::vector<std::string>* AssetLists::names(const std::string& folder,
                                                  const std::vector<std::filesystem::path>& roots) {
  List& list = lists_[folder];
  if (ready(list.coming)) {
    list.names = list.coming.get();
    list.known = true;
  }
  if (list.stale && !list.coming.valid()) {
    list.stale = false;
    list.coming = std::async(std::launch::async, [folder, roots, wake = wake_] {
      auto names = read_names(folder, roots);
      wake();
      return names;
    });
  }
  return list.known ? &list.names : nullptr;
}

void AssetLists::refresh() {
  for (auto& [folder, list] : lists_) list.stale = true;
}

bool AssetLists::busy() const {
  return std::ranges::any_of(
      lists_, [](const auto& each) { return each.second.coming.valid() && !ready(each.second.coming); });
}

}  // namespace weft::editor

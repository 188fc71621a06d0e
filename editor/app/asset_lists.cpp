#include "editor/app/asset_lists.h"

#include <algorithm>
#include <chrono>

#include "assets/model_files.h"
#include "editor/session/model_facts.h"

namespace weft::editor {

namespace {

template <class T>
bool ready(const std::future<T>& future) {
  return future.valid() && future.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
}

}  // namespace

AssetLists::Models AssetLists::read(const std::string& folder, const std::vector<std::filesystem::path>& roots) {
  Models models;
  for (const Asset& asset : list_assets(roots, folder)) {
    if (asset.shadowed) continue;
    models.names.push_back(asset.name);
    if (const auto size = asset.is_folder ? native_size(asset.path) : std::nullopt) models.sizes[asset.name] = *size;
  }
  return models;
}

const std::vector<std::string>* AssetLists::names(
    const std::string& folder, const std::vector<std::filesystem::path>& roots) {
  List& list = lists_[folder];
  if (ready(list.coming)) {
    list.models = list.coming.get();
    list.known = true;
  }
  if (list.stale && !list.coming.valid()) {
    list.stale = false;
    list.coming = std::async(std::launch::async, [folder, roots, wake = wake_] {
      Models models = read(folder, roots);
      wake();
      return models;
    });
  }
  return list.known ? &list.models.names : nullptr;
}

std::optional<std::int64_t> AssetLists::size(const std::string& folder, const std::string& name) const {
  const auto list = lists_.find(folder);
  if (list == lists_.end()) return std::nullopt;
  const auto found = list->second.models.sizes.find(name);
  return found == list->second.models.sizes.end() ? std::nullopt : std::optional(found->second);
}

void AssetLists::refresh() {
  for (auto& [folder, list] : lists_) list.stale = true;
}

bool AssetLists::busy() const {
  return std::ranges::any_of(
      lists_, [](const auto& each) { return each.second.coming.valid() && !ready(each.second.coming); });
}

}  // namespace weft::editor

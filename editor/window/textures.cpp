#include "editor/window/textures.h"

#include <imgui_internal.h>

#include <algorithm>
#include <cstring>

namespace weft::editor {

namespace {

std::unique_ptr<ImTextureData> upload(const Picture& picture) {
  auto texture = std::make_unique<ImTextureData>();
  texture->Create(ImTextureFormat_RGBA32, std::max(1, picture.width), std::max(1, picture.height));
  auto* to = static_cast<std::uint8_t*>(texture->GetPixels());
  for (std::size_t i = 0; i + 2 < picture.rgb.size(); i += 3, to += 4) {
    std::memcpy(to, &picture.rgb[i], 3);
    to[3] = 255;
  }
  ImGui::RegisterUserTexture(texture.get());
  return texture;
}

}  // namespace

Textures::~Textures() {
  for (auto& [key, held] : held_) retire(std::move(held.texture));
  for (auto& texture : dying_) {
    // The renderer's own part goes with the window's context; here ImGui is made to forget ours.
    if (!ImGui::GetCurrentContext()) continue;
    ImGui::UnregisterUserTexture(texture.get());
    ImGui::GetPlatformIO().Textures.find_erase(texture.get());
  }
}

Textures::Entry Textures::get(const std::string& key, std::uint64_t version, const Picture& picture) {
  Held& held = held_[key];
  if (!held.texture || held.version != version) {
    if (held.texture) retire(std::move(held.texture));
    held.texture = upload(picture);
    held.version = version;
  }
  held.last_used = ImGui::GetFrameCount();
  return {held.texture->GetTexRef(), {static_cast<float>(picture.width), static_cast<float>(picture.height)}};
}

std::optional<Textures::Entry> Textures::find(std::string_view key, std::uint64_t version) {
  const auto found = held_.find(key);
  if (found == held_.end() || found->second.version != version) return std::nullopt;
  found->second.last_used = ImGui::GetFrameCount();
  ImTextureData& texture = *found->second.texture;
  return Entry{texture.GetTexRef(), {static_cast<float>(texture.Width), static_cast<float>(texture.Height)}};
}

void Textures::retire(std::unique_ptr<ImTextureData> texture) {
  texture->WantDestroyNextFrame = true;
  dying_.push_back(std::move(texture));
}

void Textures::collect() {
  constexpr int kFrames = 100;
  const int now = ImGui::GetFrameCount();
  for (auto each = held_.begin(); each != held_.end();) {
    const bool unused = each->second.last_used + kFrames <= now;
    if (unused) retire(std::move(each->second.texture));
    each = unused ? held_.erase(each) : std::next(each);
  }
  std::erase_if(dying_, [](const auto& texture) {
    if (texture->Status != ImTextureStatus_Destroyed) return false;
    ImGui::UnregisterUserTexture(texture.get());
    return true;
  });
}

}  // namespace weft::editor

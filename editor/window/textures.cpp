#include "editor/window/textures.h"

#include <imgui_internal.h>

#include <algorithm>
#include <cstring>

namespace weft::editor {

namespace {

std::unique_ptr<ImTextureData> texture_of(int width, int height) {
  auto texture = std::make_unique<ImTextureData>();
  texture->Create(ImTextureFormat_RGBA32, std::max(1, width), std::max(1, height));
  return texture;
}

std::unique_ptr<ImTextureData> upload(const Picture& picture) {
  auto texture = texture_of(picture.width, picture.height);
  auto* to = static_cast<std::uint8_t*>(texture->GetPixels());
  for (std::size_t i = 0; i + 2 < picture.rgb.size(); i += 3, to += 4) {
    std::memcpy(to, &picture.rgb[i], 3);
    to[3] = 255;
  }
  return texture;
}

std::unique_ptr<ImTextureData> upload(int width, int height, std::span<const float> alpha, ImU32 colour) {
  auto texture = texture_of(width, height);
  auto* to = reinterpret_cast<ImU32*>(texture->GetPixels());
  const ImU32 opaque = (colour & IM_COL32_A_MASK) >> IM_COL32_A_SHIFT;
  for (const float each : alpha)
    *to++ = (colour & ~IM_COL32_A_MASK) |
        static_cast<ImU32>(std::clamp(each, 0.0f, 1.0f) * static_cast<float>(opaque) + 0.5f) << IM_COL32_A_SHIFT;
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

template <class Make>
Textures::Entry Textures::held(const std::string& key, std::uint64_t version, const Make& make) {
  Held& held = held_[key];
  if (!held.texture || held.version != version) {
    if (held.texture) retire(std::move(held.texture));
    held.texture = make();
    held.version = version;
    ImGui::RegisterUserTexture(held.texture.get());
  }
  held.last_used = ImGui::GetFrameCount();
  const ImVec2 size{static_cast<float>(held.texture->Width), static_cast<float>(held.texture->Height)};
  return {held.texture->GetTexRef(), size};
}

Textures::Entry Textures::get(const std::string& key, std::uint64_t version, const Picture& picture) {
  return held(key, version, [&] { return upload(picture); });
}

Textures::Entry Textures::get(
    const std::string& key, std::uint64_t version, int width, int height, std::span<const float> alpha, ImU32 colour) {
  return held(key, version, [&] { return upload(width, height, alpha, colour); });
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

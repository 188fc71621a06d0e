#include "editor/panels/picture_math.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

namespace weft::editor {

Picture channel_of(const Picture& picture, ViewerState::Channel channel) {
  using Channel = ViewerState::Channel;
  if (channel == Channel::Colour) return picture;
  Picture made = picture;
  for (std::size_t i = 0; i + 2 < made.rgb.size(); i += 3) {
    const auto* from = &picture.rgb[i];
    const std::uint8_t value = channel == Channel::Luminance
        ? static_cast<std::uint8_t>(std::lround(0.2126 * from[0] + 0.7152 * from[1] + 0.0722 * from[2]))
        : from[static_cast<int>(channel) - static_cast<int>(Channel::Red)];
    std::fill_n(&made.rgb[i], 3, value);
  }
  return made;
}

Picture difference(const Picture& a, const Picture& b, int gain) {
  if (a.width != b.width || a.height != b.height) return {};
  Picture made = a;
  for (std::size_t i = 0; i < made.rgb.size(); ++i)
    made.rgb[i] = static_cast<std::uint8_t>(std::min(255, gain * std::abs(int{a.rgb[i]} - int{b.rgb[i]})));
  return made;
}

Distance distance(const Picture& a, const Picture& b) {
  Distance found;
  if (a.rgb.size() != b.rgb.size() || a.rgb.empty()) return found;
  double sum = 0;
  for (std::size_t i = 0; i < a.rgb.size(); ++i) {
    const int each = std::abs(int{a.rgb[i]} - int{b.rgb[i]});
    sum += each;
    found.most = std::max(found.most, each);
  }
  found.mean = sum / static_cast<double>(a.rgb.size());
  return found;
}

}  // namespace weft::editor

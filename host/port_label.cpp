#include "host/port_label.h"

#include <algorithm>

namespace weft::host {

std::string port_label(std::string_view name) {
  std::string label(name);
  std::ranges::replace(label, '_', ' ');
  if (!label.empty() && label[0] >= 'a' && label[0] <= 'z') label[0] = static_cast<char>(label[0] - 'a' + 'A');
  for (const char* short_name : {"Cfg", "Vae", "Clip", "Id"})
    if (label == short_name)
      for (char& c : label)
        if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  return label;
}

}  // namespace weft::host

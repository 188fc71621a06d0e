// What people read for the name of a port: "add_noise" is "Add noise", "vae" is "VAE". In English; the editor translates it
// (editor/translations/update_nodes.py does the same). [any thread]
#pragma once

#include <string>
#include <string_view>

namespace weft::host {

std::string port_label(std::string_view port_name);

}  // namespace weft::host

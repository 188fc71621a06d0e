// What people read for the name of a port: "sampler_name" -> "Sampler name". [any thread]
#pragma once

#include <string>
#include <string_view>

namespace weft::host {

std::string port_label(std::string_view port_name);

}  // namespace weft::host

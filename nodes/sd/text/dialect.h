// The ways to write a prompt: what weights look like, and what they do.
#pragma once

namespace weft::sd {

enum class Dialect {
  ComfyUI,  ///< prompt.h
  A1111,  ///< AUTOMATIC1111's web UI: a1111_prompt.h
  Compel,  ///< the Python library: compel_prompt.h
};

}  // namespace weft::sd

// The picture codec, opened by the first who reads a picture. [any thread]
#pragma once

#include "pictures/picture_codec.h"

namespace weft::host {

/// Throws GraphError if its library is not there.
const pictures::PictureCodec& picture_codec();

}  // namespace weft::host

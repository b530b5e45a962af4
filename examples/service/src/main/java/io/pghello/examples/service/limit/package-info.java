// SPDX-License-Identifier: MIT
/** How much of the service one client may use. */
@NullMarked
package io.pghello.examples.service.limit;

import org.jspecify.annotations.NullMarked;

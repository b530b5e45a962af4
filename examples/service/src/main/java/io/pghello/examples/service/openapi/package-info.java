// SPDX-License-Identifier: MIT
/** The description of the REST operations, made from the controllers. */
@NullMarked
package io.pghello.examples.service.openapi;

import org.jspecify.annotations.NullMarked;

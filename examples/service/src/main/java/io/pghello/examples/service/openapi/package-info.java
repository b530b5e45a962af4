// SPDX-License-Identifier: MIT
/** The OpenAPI document, generated from the controllers. */
@NullMarked
package io.pghello.examples.service.openapi;

import org.jspecify.annotations.NullMarked;

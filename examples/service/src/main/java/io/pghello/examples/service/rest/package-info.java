// SPDX-License-Identifier: MIT
/**
 * The operations over REST, with the paths and fields of the three programs of the integration
 * guide.
 */
@NullMarked
package io.pghello.examples.service.rest;

import org.jspecify.annotations.NullMarked;

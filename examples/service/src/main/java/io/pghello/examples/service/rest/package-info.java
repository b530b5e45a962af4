// SPDX-License-Identifier: MIT
/**
 * The operations as a REST API, with the paths and fields of the integration guide's three
 * programs.
 */
@NullMarked
package io.pghello.examples.service.rest;

import org.jspecify.annotations.NullMarked;

// SPDX-License-Identifier: MIT
/**
 * The program of {@code ./dev demo service}, which starts the service. Not needed in other
 * applications.
 */
@NullMarked
package io.pghello.examples.service.demo;

import org.jspecify.annotations.NullMarked;

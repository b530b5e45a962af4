// SPDX-License-Identifier: MIT
/**
 * The program of {@code ./dev demo service}, which starts the service. Other applications do not
 * need this package.
 */
@NullMarked
package io.pghello.examples.service.demo;

import org.jspecify.annotations.NullMarked;

// SPDX-License-Identifier: MIT
/**
 * Limits for the size and duration of queries. Without them, a small query can overload a service.
 */
@NullMarked
package io.pghello.examples.service.graphql.bounds;

import org.jspecify.annotations.NullMarked;

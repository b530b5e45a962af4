// SPDX-License-Identifier: MIT
/**
 * Limits on the size and duration of queries. Without these limits, a small query can overload a
 * service.
 */
@NullMarked
package io.pghello.examples.service.graphql.bounds;

import org.jspecify.annotations.NullMarked;

// SPDX-License-Identifier: MIT
/** What Hibernate finds by itself. May change in any release. */
@NullMarked
package io.pghello.hibernate.internal;

import org.jspecify.annotations.NullMarked;

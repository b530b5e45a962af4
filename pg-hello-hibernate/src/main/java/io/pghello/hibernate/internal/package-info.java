// SPDX-License-Identifier: MIT
/** Services that Hibernate discovers automatically. They may change in any release. */
@NullMarked
package io.pghello.hibernate.internal;

import org.jspecify.annotations.NullMarked;

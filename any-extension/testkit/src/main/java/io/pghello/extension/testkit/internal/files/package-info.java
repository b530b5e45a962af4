// SPDX-License-Identifier: MIT
/** Extensions and their files. May change in any release. */
@NullMarked
package io.pghello.extension.testkit.internal.files;

import org.jspecify.annotations.NullMarked;

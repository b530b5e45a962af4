// SPDX-License-Identifier: MIT
/**
 * Checks of databases, and commands that apply the suggested changes: {@code health}, {@code
 * diagnose}, {@code harden}, {@code advise}, {@code update}.
 */
@NullMarked
package io.pghello.cli.check;

import org.jspecify.annotations.NullMarked;

// SPDX-License-Identifier: MIT
/**
 * Checks of databases and the changes that they suggest: {@code health}, {@code diagnose}, {@code
 * harden}, {@code advise}, {@code update}.
 */
@NullMarked
package io.pghello.cli.check;

import org.jspecify.annotations.NullMarked;

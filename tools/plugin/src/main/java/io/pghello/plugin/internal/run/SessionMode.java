// SPDX-License-Identifier: MIT
package io.pghello.plugin.internal.run;

/**
 * The mode of a session. If both components are false, each statement commits automatically.
 *
 * @param readOnly whether statements run in a read-only transaction
 * @param several whether several statements run in the same transaction
 */
record SessionMode(boolean readOnly, boolean several) {
  boolean transaction() {
    return readOnly || several;
  }
}

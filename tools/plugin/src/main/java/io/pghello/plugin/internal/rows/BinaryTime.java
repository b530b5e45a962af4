// SPDX-License-Identifier: MIT
package io.pghello.plugin.internal.rows;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.LocalDate;

/**
 * Converts binary times to the format of the server's JSON, so that the server does not need to
 * convert them.
 */
final class BinaryTime {
  private static final long SECOND = 1_000_000;
  private static final long DAY = 86_400 * SECOND;
  // The server's epoch, 2000-01-01.
  private static final long EPOCH_DAY = 10_957;
  private static final int LENGTH_MAX = "294276-12-31T23:59:59.999999+00:00 BC".length();

  private final byte[] text = new byte[LENGTH_MAX];
  private int length;

  private BinaryTime() {}

  /**
   * Returns a time as text.
   *
   * @param value the microseconds since the server's epoch, in UTC if the type has a time zone
   */
  static String text(byte[] value, boolean zone) {
    long micros = ByteBuffer.wrap(value).getLong();
    if (micros == Long.MAX_VALUE) {
      return "infinity";
    } else if (micros == Long.MIN_VALUE) {
      return "-infinity";
    }
    var time = new BinaryTime();
    LocalDate date = LocalDate.ofEpochDay(EPOCH_DAY + Math.floorDiv(micros, DAY));
    // The year 0 in Java is the year 1 BC.
    boolean christian = date.getYear() > 0;
    time.date(christian ? date.getYear() : 1 - date.getYear(), date);
    time.clock(Math.floorMod(micros, DAY));
    if (zone) {
      time.add("+00:00");
    }
    if (!christian) {
      time.add(" BC");
    }
    return new String(time.text, 0, time.length, StandardCharsets.ISO_8859_1);
  }

  private void date(int year, LocalDate date) {
    digits(year > 99_999 ? 6 : year > 9_999 ? 5 : 4, year);
    add("-");
    digits(2, date.getMonthValue());
    add("-");
    digits(2, date.getDayOfMonth());
    add("T");
  }

  private void clock(long micros) {
    int seconds = (int) (micros / SECOND);
    digits(2, seconds / 3_600);
    add(":");
    digits(2, seconds / 60 % 60);
    add(":");
    digits(2, seconds % 60);
    int fraction = (int) (micros % SECOND);
    if (fraction > 0) {
      add(".");
      digits(6, fraction);
      while (text[length - 1] == '0') {
        length--;
      }
    }
  }

  private void digits(int count, int value) {
    int rest = value;
    for (int i = length + count - 1; i >= length; i--) {
      text[i] = (byte) ('0' + rest % 10);
      rest /= 10;
    }
    length += count;
  }

  private void add(String ascii) {
    for (int i = 0; i < ascii.length(); i++) {
      text[length++] = (byte) ascii.charAt(i);
    }
  }
}

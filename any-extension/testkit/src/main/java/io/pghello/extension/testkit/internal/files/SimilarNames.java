// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit.internal.files;

import java.util.Locale;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** Suggests names that are similar to the name of a missing extension. */
final class SimilarNames {
  private static final int MAX_SIMILAR = 3;
  // two names are similar if one contains the other, but names with fewer letters than this would
  // match too often
  private static final int MIN_PART = 4;
  private static final int LETTERS_PER_SLIP = 4;

  private SimilarNames() {}

  /**
   * Returns a question that suggests similar names, with a leading space; an empty string if no
   * name is similar.
   */
  static String question(String name, Stream<String> names) {
    String asked = plain(name);
    String similar =
        names
            .filter(
                each -> {
                  String its = plain(each);
                  return !its.isEmpty()
                      && (its.equals(asked)
                          || (Math.min(its.length(), asked.length()) >= MIN_PART
                              && (its.contains(asked) || asked.contains(its)))
                          || differences(its, asked) <= asked.length() / LETTERS_PER_SLIP);
                })
            .distinct()
            .limit(MAX_SIMILAR)
            .map(each -> '"' + each + '"')
            .collect(Collectors.joining(" or "));
    return similar.isEmpty() ? "" : " Did you mean " + similar + "?";
  }

  /**
   * Returns a name without punctuation and without a prefix such as "pg" or "postgres", e.g.
   * "vector" for both pgvector and pg_vector.
   */
  private static String plain(String name) {
    String letters = name.toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9]", "");
    return letters.replaceFirst("^(postgresql|postgres|pg)(?=.)", "");
  }

  /**
   * Returns the number of letters to insert, delete or replace in order to turn one name into the
   * other.
   */
  private static int differences(String one, String other) {
    int[] row = IntStream.rangeClosed(0, other.length()).toArray();
    for (int i = 1; i <= one.length(); i++) {
      int diagonal = row[0];
      row[0] = i;
      for (int j = 1; j <= other.length(); j++) {
        int above = row[j];
        int replaced = diagonal + (one.charAt(i - 1) == other.charAt(j - 1) ? 0 : 1);
        row[j] = Math.min(replaced, 1 + Math.min(above, row[j - 1]));
        diagonal = above;
      }
    }
    return row[other.length()];
  }
}

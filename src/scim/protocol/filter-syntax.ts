/** The comparison operators of RFC 7644 section 3.4.2.2, table 3. */
export type CompareOperator = 'eq' | 'ne' | 'co' | 'sw' | 'ew' | 'gt' | 'ge' | 'lt' | 'le';

/** A value as the grammar reads it; a number keeps its digits, since most numbers in filters stand for strings. */
export type ValueSyntax = string | boolean | null | { readonly number: string };

/** One test of one attribute, its name as written. */
export type TestSyntax =
  | { readonly kind: 'present'; readonly name: string }
  | {
      readonly kind: 'compare';
      readonly name: string;
      readonly operator: CompareOperator;
      readonly value: ValueSyntax;
    };

/** A filter as the grammar reads it, before the schema table has been asked about its names. */
export type FilterSyntax =
  | TestSyntax
  | { readonly kind: 'and' | 'or'; readonly filters: readonly FilterSyntax[] }
  | { readonly kind: 'not'; readonly filter: FilterSyntax }
  | {
      readonly kind: 'valuePath';
      readonly name: string;
      readonly filter: FilterSyntax;
      /** What follows the bracket: `emails[type eq "work"].value eq "x"`. */
      readonly then: TestSyntax | null;
    };

/** A PATCH path as the grammar reads it. */
export interface PathSyntax {
  readonly name: string;
  readonly filter: FilterSyntax | null;
  readonly sub: string | null;
}

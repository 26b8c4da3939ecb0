import { InvalidArgumentError } from 'commander';
import { isUserId, type UserId } from '../ids.js';
import { foldUserName } from '../scim/protocol/resource.js';
import { MAX_LABEL_CHARACTERS, MAX_REASON_CHARACTERS, textFault } from '../text-fault.js';

/** Whom a command is about: an id or a userName. */
export const whom = (text: string): { readonly id: UserId } | { readonly userNameKey: string } =>
  isUserId(text) ? { id: text } : { userNameKey: foldUserName(text) };

const upTo =
  (most: number) =>
  (text: string): string => {
    const fault = textFault(text, most);
    if (fault !== undefined) throw new InvalidArgumentError(`It ${fault}.`);
    return text;
  };

/** Reads an operator's reason, as the admin API takes it. @throws InvalidArgumentError */
export const reason = upTo(MAX_REASON_CHARACTERS);
/** Reads a name or a label, as the admin API takes it. @throws InvalidArgumentError */
export const label = upTo(MAX_LABEL_CHARACTERS);
